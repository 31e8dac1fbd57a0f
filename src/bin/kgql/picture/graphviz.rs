//! DOT, for Graphviz and what reads its files.

use std::fmt::Write as _;

use super::{
    scene::{Circle, Scene},
    text::dot,
};

/// Returns the picture as a DOT digraph. Places are left to Graphviz: its layouts know the sizes of its own shapes.
pub(super) fn write(scene: &Scene) -> String {
    let mut out = String::from(
        "digraph kgql {\n  graph [layout=sfdp, overlap=prism, splines=true, bgcolor=\"transparent\"];\n  \
         node [shape=ellipse, style=filled, fontname=\"Helvetica\", fontsize=11, color=\"white\", \
         fontcolor=\"white\"];\n  \
         edge [fontname=\"Helvetica\", fontsize=8, color=\"#8a9099\", fontcolor=\"#5f6670\", arrowsize=0.7];\n",
    );
    for node in &scene.nodes {
        let (id, label, color) = (node.id, dot(&node.caption), scene.color(node));
        writeln!(out, "  n{id} [label={label}, fillcolor=\"{color}\", tooltip={}];", dot(&tooltip(node)))
            .expect("a string takes all");
    }
    for edge in &scene.edges {
        let (from, to) = (scene.nodes[edge.from].id, scene.nodes[edge.to].id);
        let style = if edge.is_negative { ", style=dashed" } else { "" };
        writeln!(out, "  n{from} -> n{to} [label={}, penwidth={:.1}{style}];", dot(&edge.rel_type), edge.width)
            .expect("a string takes all");
    }
    out.push_str("}\n");
    out
}

fn tooltip(node: &Circle) -> String {
    let labels: String = node.labels.iter().map(|label| format!(":{label}")).collect();
    let properties: Vec<String> = node.properties.iter().map(|(key, value)| format!("{key}: {value}")).collect();
    format!("{labels}\n{}", properties.join("\n"))
}
