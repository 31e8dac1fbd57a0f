//! Mermaid, for Markdown pages that draw it.

use std::fmt::Write as _;

use super::{scene::Scene, text::mermaid};

/// Returns the picture as a Mermaid flowchart.
pub(super) fn write(scene: &Scene) -> String {
    let mut out = String::from("flowchart LR\n");
    let line = |out: &mut String, text: std::fmt::Arguments<'_>| writeln!(out, "  {text}").expect("a string takes all");
    for node in &scene.nodes {
        line(&mut out, format_args!("n{}([{}])", node.id, mermaid(&node.caption)));
    }
    for edge in &scene.edges {
        let (from, to) = (scene.nodes[edge.from].id, scene.nodes[edge.to].id);
        let arrow = if edge.is_negative { "-.->" } else { "-->" };
        line(&mut out, format_args!("n{from} {arrow}|{}| n{to}", mermaid(&edge.rel_type)));
    }
    for (at, edge) in scene.edges.iter().enumerate() {
        line(&mut out, format_args!("linkStyle {at} stroke-width:{:.1}px", edge.width));
    }
    for (class, entry) in scene.legend.iter().enumerate() {
        line(&mut out, format_args!("classDef c{class} fill:{},stroke:#ffffff,color:#ffffff", entry.color));
        let members: Vec<String> =
            scene.nodes.iter().filter(|node| node.class == class).map(|node| format!("n{}", node.id)).collect();
        line(&mut out, format_args!("class {} c{class}", members.join(",")));
    }
    out
}
