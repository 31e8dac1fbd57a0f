//! Circles and lines: what is drawn of nodes and relationships, whatever the format.

use std::collections::{BTreeMap, HashMap};

use attendb::{
    Value,
    model::{Map, Node, Relationship},
};

use super::{NODES_MAX, layout, seen::Seen};

/// Colours for labels, the most frequent first: told apart by most eyes, and readable on light and dark ground.
pub(super) const COLORS: [&str; 10] =
    ["#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#b07aa1", "#76b7b2", "#edc948", "#d37295", "#9c755f", "#6b8e9e"];

/// The colour of nodes with a rarer label or none.
pub(super) const OTHER_COLOR: &str = "#9aa0a6";

/// Properties that make a caption, the best first. Without one of them the first text does, and else the id.
const CAPTION_KEYS: [&str; 8] = ["name", "title", "caption", "label", "id", "key", "text", "description"];

/// The longest caption in characters; all of it is in the properties.
const CAPTION_CHARS_MAX: usize = 28;

/// The longest text of a property in characters: a picture is no place for a book.
const PROPERTY_CHARS_MAX: usize = 2_000;

/// The width of a line without a weight, and of the lightest and heaviest one, in pixels.
const WIDTH: f64 = 1.4;
const WIDTH_MIN: f64 = 1.0;
const WIDTH_MAX: f64 = 6.0;

/// A picture's parts.
pub(super) struct Scene {
    pub(super) nodes: Vec<Circle>,
    pub(super) edges: Vec<Line>,
    /// Labels in the order of [`COLORS`], with how many nodes have their colour; the last may be for all others.
    pub(super) legend: Vec<Entry>,
    /// Whether a relationship was left out, as one of its ends is.
    pub(super) is_cut: bool,
}

/// A colour of the legend.
pub(super) struct Entry {
    pub(super) label: String,
    pub(super) color: &'static str,
    pub(super) count: usize,
}

/// A node.
pub(super) struct Circle {
    pub(super) id: u32,
    pub(super) caption: String,
    pub(super) labels: Vec<String>,
    /// The entry of the legend.
    pub(super) class: usize,
    pub(super) properties: Vec<(String, String)>,
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) radius: f64,
}

/// A relationship.
pub(super) struct Line {
    pub(super) id: u32,
    /// Positions of its ends in [`Scene::nodes`].
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) rel_type: String,
    pub(super) properties: Vec<(String, String)>,
    pub(super) width: f64,
    /// Its weight is below zero.
    pub(super) is_negative: bool,
    /// Which of the lines between the same two nodes it is, and of how many.
    pub(super) lane: (usize, usize),
}

impl Scene {
    /// Makes the parts; nobody stands anywhere yet.
    pub(super) fn new(seen: &Seen, ends: Vec<Node>) -> Self {
        let drawn: Vec<&Node> = seen.nodes().iter().chain(&ends).take(NODES_MAX).collect();
        let place: HashMap<u32, usize> = drawn.iter().enumerate().map(|(at, node)| (node.id.get(), at)).collect();
        let (legend, classes) = legend(&drawn);
        let mut nodes: Vec<Circle> = drawn.iter().zip(classes).map(|(node, class)| circle(node, class)).collect();
        let mut edges: Vec<Line> =
            seen.relationships().iter().filter_map(|relationship| line(relationship, &place)).collect();
        let is_cut = edges.len() < seen.relationships().len();
        widths(&mut edges, seen.relationships());
        lanes(&mut edges);
        let mut degrees = vec![0usize; nodes.len()];
        for edge in &edges {
            degrees[edge.from] += 1;
            degrees[edge.to] += 1;
        }
        for (node, degree) in nodes.iter_mut().zip(degrees) {
            node.radius = (8.0 + 2.6 * (degree as f64).sqrt()).min(26.0);
        }
        Self { nodes, edges, legend, is_cut }
    }

    /// Puts every node in its place.
    pub(super) fn place(&mut self) {
        let sizes: Vec<layout::Size> = self.nodes.iter().map(size).collect();
        let edges: Vec<(usize, usize)> = self.edges.iter().map(|edge| (edge.from, edge.to)).collect();
        for (node, (x, y)) in self.nodes.iter_mut().zip(layout::place(&sizes, &edges)) {
            (node.x, node.y) = (x, y);
        }
    }

    /// Returns the colour of a node.
    pub(super) fn color(&self, node: &Circle) -> &'static str {
        self.legend.get(node.class).map_or(OTHER_COLOR, |entry| entry.color)
    }
}

/// Returns about how wide a caption is, in pixels.
pub(super) fn caption_width(caption: &str) -> f64 {
    // Wide scripts take about twice the room.
    caption.chars().map(|c| if c >= '\u{1100}' { 12.0 } else { 6.3 }).sum()
}

fn size(node: &Circle) -> layout::Size {
    layout::Size { radius: node.radius, caption_width: caption_width(&node.caption) }
}

/// Gives the labels their colours: each node has that of its first label.
fn legend(nodes: &[&Node]) -> (Vec<Entry>, Vec<usize>) {
    let first = |node: &Node| node.labels().first().map(|label| label.to_string());
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    nodes.iter().filter_map(|node| first(node)).for_each(|label| *counts.entry(label).or_default() += 1);
    let mut labels: Vec<(String, usize)> = counts.into_iter().collect();
    labels.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    labels.truncate(COLORS.len());
    let class_of: HashMap<&str, usize> = labels.iter().enumerate().map(|(at, (label, _))| (&**label, at)).collect();
    let other = labels.len();
    let classes: Vec<usize> = nodes
        .iter()
        .map(|node| first(node).and_then(|label| class_of.get(&*label).copied()).unwrap_or(other))
        .collect();
    let n_others = classes.iter().filter(|&&class| class == other).count();
    let has_label = nodes.iter().zip(&classes).any(|(node, class)| *class == other && first(node).is_some());
    let entries =
        labels.iter().zip(COLORS).map(|((label, count), color)| Entry { label: label.clone(), color, count: *count });
    let mut entries: Vec<Entry> = entries.collect();
    if n_others > 0 {
        let label = if has_label { "other labels" } else { "no label" };
        entries.push(Entry { label: label.to_owned(), color: OTHER_COLOR, count: n_others });
    }
    (entries, classes)
}

fn circle(node: &Node, class: usize) -> Circle {
    let empty = Map::new();
    let properties = node.data.as_ref().map_or(&empty, |data| &data.properties);
    Circle {
        id: node.id.get(),
        caption: caption(node.id.get(), properties),
        labels: node.labels().iter().map(|label| label.to_string()).collect(),
        class,
        properties: listed(properties),
        x: 0.0,
        y: 0.0,
        radius: 0.0,
    }
}

fn caption(id: u32, properties: &Map) -> String {
    let plain = |value: &Value| match value {
        Value::String(text) => Some(text.to_string()),
        Value::Int(_) | Value::Float(_) | Value::Date(_) | Value::Temporal(_) | Value::Point(_) => {
            Some(value.to_string())
        }
        _ => None,
    };
    let named = CAPTION_KEYS.iter().find_map(|key| properties.get(key).and_then(plain));
    let text = named.or_else(|| properties.values().find_map(|value| value.as_str().map(str::to_owned)));
    let text = text.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    text.filter(|text| !text.is_empty()).map_or_else(|| format!("#{id}"), |text| cut(&text, CAPTION_CHARS_MAX))
}

fn listed(properties: &Map) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    properties.iter().map(|(key, value)| (key.to_string(), cut(&text(value), PROPERTY_CHARS_MAX))).collect()
}

fn cut(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        None => text.to_owned(),
        Some(_) => text.chars().take(chars_max - 1).chain(['…']).collect(),
    }
}

fn line(relationship: &Relationship, place: &HashMap<u32, usize>) -> Option<Line> {
    let data = relationship.data.as_ref()?;
    Some(Line {
        id: relationship.id.get(),
        from: *place.get(&data.start.get())?,
        to: *place.get(&data.end.get())?,
        rel_type: data.rel_type.to_string(),
        properties: listed(&data.properties),
        width: WIDTH,
        is_negative: false,
        lane: (0, 1),
    })
}

/// Gives lines with a property `weight` a width between the lightest and the heaviest of them.
fn widths(edges: &mut [Line], relationships: &[Relationship]) {
    let weight = |relationship: &Relationship| match relationship.get("weight") {
        Value::Int(n) => Some(n as f64),
        Value::Float(x) if x.is_finite() => Some(x),
        _ => None,
    };
    let weights: HashMap<u32, f64> =
        relationships.iter().filter_map(|r| weight(r).map(|weight| (r.id.get(), weight))).collect();
    let heaviest = weights.values().fold(0.0f64, |max, weight| max.max(weight.abs()));
    for edge in edges {
        if let Some(weight) = weights.get(&edge.id) {
            let share = if heaviest > 0.0 { weight.abs() / heaviest } else { 0.0 };
            edge.width = WIDTH_MIN + (WIDTH_MAX - WIDTH_MIN) * share;
            edge.is_negative = *weight < 0.0;
        }
    }
}

/// Tells lines between the same two nodes apart.
fn lanes(edges: &mut [Line]) {
    let key = |edge: &Line| (edge.from.min(edge.to), edge.from.max(edge.to));
    let mut counts: HashMap<(usize, usize), usize> = HashMap::new();
    for edge in edges.iter_mut() {
        let count = counts.entry(key(edge)).or_default();
        edge.lane.0 = *count;
        *count += 1;
    }
    for edge in edges {
        edge.lane.1 = counts[&key(edge)];
    }
}
