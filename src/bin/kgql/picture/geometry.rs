//! How a line runs from circle to circle, and which captions there is room for.

use super::{
    layout::CAPTION_HEIGHT,
    scene::{Circle, Line, Scene, caption_width},
};

/// How far apart lines between the same two nodes are in their middle, in pixels, and how far all of them may spread.
const LANE: f64 = 24.0;
const LANES_MAX: f64 = 84.0;

/// How far types on lines keep from each other, and from circles, in pixels.
const TYPE_GAP: f64 = 9.5;

/// How wide a type is beside a caption of the same text.
const TYPE_SCALE: f64 = 0.8;

/// Room between the tip of an arrow and the circle it points to.
const TIP_GAP: f64 = 3.0;

/// The length of an arrow's head on the thinnest line; half the line's width is added.
const HEAD: f64 = 7.0;

/// A line as it is drawn.
pub(super) struct Drawn {
    /// The path of the line, for the attribute `d`.
    pub(super) line: String,
    /// The path of the arrow's head.
    pub(super) head: String,
    /// The middle, where its type is written, and the direction there in degrees, never upside down.
    pub(super) middle: (f64, f64),
    pub(super) degrees: f64,
}

type Point = (f64, f64);

/// Returns how a line runs.
pub(super) fn draw(scene: &Scene, edge: &Line) -> Drawn {
    let (from, to) = (&scene.nodes[edge.from], &scene.nodes[edge.to]);
    if edge.from == edge.to {
        return draw_loop(from, edge);
    }
    let (a, b) = ((from.x, from.y), (to.x, to.y));
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let length = dx.hypot(dy).max(1e-6);
    // Lanes are told from the same side, whichever way a line points.
    let side = if edge.from < edge.to { 1.0 } else { -1.0 };
    let lane = LANE.min(LANES_MAX / edge.lane.1 as f64);
    let bend = side * lane * (edge.lane.0 as f64 - (edge.lane.1 as f64 - 1.0) / 2.0);
    let control = ((a.0 + b.0) / 2.0 - 2.0 * bend * dy / length, (a.1 + b.1) / 2.0 + 2.0 * bend * dx / length);
    let start = towards(a, control, from.radius + 1.0);
    let tip = towards(b, control, to.radius + TIP_GAP);
    let head = HEAD + edge.width / 2.0;
    let neck = towards(tip, control, head * 0.8);
    let middle = (0.25 * start.0 + 0.5 * control.0 + 0.25 * neck.0, 0.25 * start.1 + 0.5 * control.1 + 0.25 * neck.1);
    let line = if edge.lane.1 == 1 {
        format!("M{}L{}", point(start), point(neck))
    } else {
        format!("M{}Q{} {}", point(start), point(control), point(neck))
    };
    let degrees = upright(dy.atan2(dx).to_degrees());
    Drawn { line, head: arrow(tip, control, head), middle, degrees }
}

/// A relationship of a node with itself: a loop above it, each a bit larger than the one before.
fn draw_loop(node: &Circle, edge: &Line) -> Drawn {
    let size = node.radius + 22.0 + 10.0 * edge.lane.0 as f64;
    let (x, y, r) = (node.x, node.y, node.radius);
    let start = (x - 0.6 * r, y - 0.8 * r - 1.0);
    let tip = (x + 0.6 * r, y - 0.8 * r - TIP_GAP);
    let (left, right) = ((x - 1.3 * size, y - r - 1.3 * size), (x + 1.3 * size, y - r - 1.3 * size));
    let head = HEAD + edge.width / 2.0;
    let neck = towards(tip, right, head * 0.8);
    Drawn {
        line: format!("M{}C{} {} {}", point(start), point(left), point(right), point(neck)),
        head: arrow(tip, right, head),
        middle: (x, y - r - size),
        degrees: 0.0,
    }
}

/// Returns the point so far from `from` on the way to `to`.
fn towards(from: Point, to: Point, by: f64) -> Point {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = dx.hypot(dy).max(1e-6);
    (from.0 + dx / length * by, from.1 + dy / length * by)
}

fn arrow(tip: Point, from: Point, head: f64) -> String {
    let back = towards(tip, from, head);
    let (dx, dy) = ((tip.0 - back.0) * 0.42, (tip.1 - back.1) * 0.42);
    let (left, right) = ((back.0 - dy, back.1 + dx), (back.0 + dy, back.1 - dx));
    format!("M{}L{}L{}Z", point(tip), point(left), point(right))
}

fn upright(degrees: f64) -> f64 {
    if degrees > 90.0 {
        degrees - 180.0
    } else if degrees < -90.0 {
        degrees + 180.0
    } else {
        degrees
    }
}

fn point((x, y): Point) -> String {
    format!("{x:.1} {y:.1}")
}

/// Returns for each node whether its caption lies free of circles and of captions of better connected nodes.
pub(super) fn free_captions(scene: &Scene) -> Vec<bool> {
    let mut order: Vec<usize> = (0..scene.nodes.len()).collect();
    order.sort_by(|&a, &b| scene.nodes[b].radius.total_cmp(&scene.nodes[a].radius));
    let boxed = |node: &Circle| {
        let half = caption_width(&node.caption) / 2.0;
        let top = node.y + node.radius + 2.0;
        (node.x - half, top, node.x + half, top + CAPTION_HEIGHT - 2.0)
    };
    let mut taken: Vec<(f64, f64, f64, f64)> = Vec::new();
    let mut is_free = vec![false; scene.nodes.len()];
    for at in order {
        let own = boxed(&scene.nodes[at]);
        let is_apart = |b: &(f64, f64, f64, f64)| own.2 < b.0 || b.2 < own.0 || own.3 < b.1 || b.3 < own.1;
        let circle = |node: &Circle| {
            let r = node.radius * 0.8;
            (node.x - r, node.y - r, node.x + r, node.y + r)
        };
        let is_clear = scene.nodes.iter().enumerate().all(|(other, node)| other == at || is_apart(&circle(node)));
        if is_clear && taken.iter().all(is_apart) {
            is_free[at] = true;
            taken.push(own);
        }
    }
    is_free
}

/// Returns for each line whether its type can be written on it, free of circles and of the types before it.
pub(super) fn free_types(scene: &Scene, drawn: &[Drawn]) -> Vec<bool> {
    let mut taken: Vec<Point> = Vec::new();
    let mut is_free = Vec::with_capacity(drawn.len());
    for (edge, drawn) in scene.edges.iter().zip(drawn) {
        let half = TYPE_SCALE * caption_width(&edge.rel_type) / 2.0;
        let (sin, cos) = drawn.degrees.to_radians().sin_cos();
        // The text stands a little above its line.
        let middle = (drawn.middle.0 + 5.0 * sin, drawn.middle.1 - 5.0 * cos);
        let n = (half / TYPE_GAP * 2.0).ceil().max(1.0);
        let along = |at: f64| (middle.0 + cos * half * at, middle.1 + sin * half * at);
        let own: Vec<Point> = (0..=n as usize).map(|i| along(2.0 * i as f64 / n - 1.0)).collect();
        let is_apart = |from: Point, room: f64| own.iter().all(|p| (p.0 - from.0).hypot(p.1 - from.1) > room);
        let is_clear = scene.nodes.iter().all(|node| is_apart((node.x, node.y), node.radius + 4.0))
            && taken.iter().all(|&point| is_apart(point, TYPE_GAP));
        is_free.push(is_clear);
        if is_clear {
            taken.extend(own);
        }
    }
    is_free
}

/// Returns the corners of the picture: circles, captions and loops.
pub(super) fn bounds(scene: &Scene) -> (f64, f64, f64, f64) {
    let mut bounds = (0.0f64, 0.0f64, 0.0f64, 0.0f64);
    for (at, node) in scene.nodes.iter().enumerate() {
        let half = node.radius.max(caption_width(&node.caption) / 2.0);
        let own = (node.x - half, node.y - node.radius, node.x + half, node.y + node.radius + CAPTION_HEIGHT + 4.0);
        bounds = if at == 0 {
            own
        } else {
            (bounds.0.min(own.0), bounds.1.min(own.1), bounds.2.max(own.2), bounds.3.max(own.3))
        };
    }
    for edge in scene.edges.iter().filter(|edge| edge.from == edge.to) {
        let middle = draw(scene, edge).middle;
        bounds.1 = bounds.1.min(middle.1 - 12.0);
    }
    bounds
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(x: f64, y: f64, caption: &str) -> Circle {
        Circle {
            id: 0,
            caption: caption.to_owned(),
            labels: Vec::new(),
            class: 0,
            properties: Vec::new(),
            x,
            y,
            radius: 10.0,
        }
    }

    fn line(from: usize, to: usize, lane: (usize, usize)) -> Line {
        Line { id: 0, from, to, rel_type: String::new(), properties: Vec::new(), width: 1.0, is_negative: false, lane }
    }

    #[test]
    fn lines_of_two_nodes_run_apart_whichever_way_they_point() {
        let nodes = vec![node(0.0, 0.0, "a"), node(100.0, 0.0, "b")];
        let edges = vec![line(0, 1, (0, 2)), line(1, 0, (1, 2))];
        let scene = Scene { nodes, edges, legend: Vec::new(), is_cut: false };
        let middles: Vec<f64> = scene.edges.iter().map(|edge| draw(&scene, edge).middle.1).collect();
        assert!((middles[0] - middles[1]).abs() > LANE / 2.0, "{middles:?}");
    }

    #[test]
    fn of_captions_that_overlap_one_is_free() {
        let nodes = vec![node(0.0, 0.0, "a long caption"), node(25.0, 0.0, "a long caption"), node(900.0, 0.0, "x")];
        let scene = Scene { nodes, edges: Vec::new(), legend: Vec::new(), is_cut: false };
        assert_eq!(free_captions(&scene), [true, false, true]);
    }
}
