//! One HTML page that needs nothing else: the picture, its legend, and what is behind each node and line.

use serde_json::{Value as Json, json};

use super::{
    geometry,
    scene::{Circle, Line, Scene},
    svg,
    text::{script_json, xml},
};

/// The page around the picture; its scripts run by a nonce, so that nothing that slipped in could run.
const PAGE: &str = include_str!("page.html");
const SCRIPT: &str = include_str!("page.js");
const STYLE: &str = include_str!("page.css");

/// Returns the picture as a page.
pub(super) fn write(scene: &Scene) -> String {
    let (left, top, right, bottom) = geometry::bounds(scene);
    let mut parts = String::new();
    svg::parts(scene, true, &mut parts);
    let legend: String = scene
        .legend
        .iter()
        .enumerate()
        .map(|(at, entry)| {
            format!(
                "<button type=\"button\" data-class=\"{at}\" aria-pressed=\"true\"><i class=\"c{at}\"></i><span>{}\
                 </span><b>{}</b></button>\n",
                xml(&entry.label),
                entry.count
            )
        })
        .collect();
    let colors: String =
        scene.legend.iter().enumerate().map(|(at, entry)| format!(".c{at}{{background:{}}}\n", entry.color)).collect();
    let data = json!({
        "bounds": [left, top, right, bottom],
        "nodes": scene.nodes.iter().map(node).collect::<Vec<_>>(),
        "edges": scene.edges.iter().map(edge).collect::<Vec<_>>(),
    });
    let style = format!("{}{STYLE}{colors}", svg::STYLE);
    // Filled in by position, in one pass: a text of the database that looks like a place to fill stays what it is.
    let mut out = String::new();
    for piece in PAGE.split("{{") {
        let Some((name, rest)) = piece.split_once("}}") else {
            out.push_str(piece);
            continue;
        };
        match name {
            "title" => out.push_str(&xml(&svg::title(scene))),
            "style" => out.push_str(&style),
            "legend" => out.push_str(&legend),
            "parts" => out.push_str(&parts),
            "data" => out.push_str(&script_json(&data)),
            "script" => out.push_str(SCRIPT),
            other => unreachable!("the page has no place called {other}"),
        }
        out.push_str(rest);
    }
    out
}

fn node(node: &Circle) -> Json {
    json!({
        "id": node.id, "caption": node.caption, "labels": node.labels, "class": node.class,
        "properties": node.properties, "x": node.x, "y": node.y,
    })
}

fn edge(edge: &Line) -> Json {
    json!({
        "id": edge.id, "type": edge.rel_type, "from": edge.from, "to": edge.to, "properties": edge.properties,
    })
}
