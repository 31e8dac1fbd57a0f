//! SVG: a picture by itself, and the middle of the page.

use std::fmt::Write as _;

use super::{
    geometry::{self, Drawn},
    scene::{Line, Scene, caption_width},
    text::xml,
};

/// The style of picture and page, light or dark as the reader's screen is.
pub(super) const STYLE: &str = include_str!("picture.css");

/// With more lines than this they are drawn fainter, so that circles stay what is seen first.
const FAINT_FROM: usize = 250;

/// Room around the picture, in pixels.
const MARGIN: f64 = 28.0;

/// The height of a line of the legend.
const LEGEND_LINE: f64 = 22.0;

/// Returns the picture as an SVG document with its legend.
pub(super) fn write(scene: &Scene) -> String {
    let (left, top, right, bottom) = geometry::bounds(scene);
    let legend_width = scene.legend.iter().map(|entry| caption_width(&entry.label) + 70.0).fold(120.0, f64::max);
    let legend_height = LEGEND_LINE * scene.legend.len() as f64;
    // The legend stands to the left of the picture, so that it covers nothing.
    let (x, y) = (left - legend_width - 2.0 * MARGIN, top - MARGIN);
    let (width, height) = (right + MARGIN - x, (bottom - top).max(legend_height) + 2.0 * MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"{x:.1} {y:.1} {width:.1} {height:.1}\" \
         width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n",
        xml(&title(scene))
    );
    // A viewer that knows no style sheets for the root shows the ground by this.
    writeln!(
        out,
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" style=\"fill:var(--ground)\"/>"
    )
    .expect("a string takes all");
    parts(scene, false, &mut out);
    writeln!(out, "<g class=\"legend\">").expect("a string takes all");
    for (at, entry) in scene.legend.iter().enumerate() {
        let (cx, cy) = (x + MARGIN + 7.0, top + LEGEND_LINE * (at as f64 + 0.5));
        writeln!(
            out,
            "<circle cx=\"{cx:.1}\" cy=\"{cy:.1}\" r=\"7\" fill=\"{}\"/><text x=\"{:.1}\" y=\"{:.1}\">{} <tspan \
             class=\"count\">{}</tspan></text>",
            entry.color,
            cx + 15.0,
            cy + 4.0,
            xml(&entry.label),
            entry.count
        )
        .expect("a string takes all");
    }
    out.push_str("</g>\n</svg>\n");
    out
}

/// Returns what the picture is of.
pub(super) fn title(scene: &Scene) -> String {
    format!("{} nodes, {} relationships", scene.nodes.len(), scene.edges.len())
}

/// Writes lines and circles. `crowded`: texts without room are written too, marked, for a page that shows them when it is
/// zoomed in.
pub(super) fn parts(scene: &Scene, crowded: bool, out: &mut String) {
    let class = if scene.edges.len() > FAINT_FROM { "edges faint" } else { "edges" };
    writeln!(out, "<g class=\"{class}\">").expect("a string takes all");
    let drawn: Vec<Drawn> = scene.edges.iter().map(|edge| geometry::draw(scene, edge)).collect();
    let is_free = geometry::free_types(scene, &drawn);
    for (at, (edge, drawn)) in scene.edges.iter().zip(&drawn).enumerate() {
        line(at, edge, drawn, (is_free[at], crowded), out);
    }
    out.push_str("</g>\n<g class=\"nodes\">\n");
    let is_free = geometry::free_captions(scene);
    for (at, node) in scene.nodes.iter().enumerate() {
        let labels: String = node.labels.iter().map(|label| format!(":{label}")).collect();
        let (x, y, radius, color) = (node.x, node.y, node.radius, scene.color(node));
        write!(
            out,
            "<g class=\"n\" data-i=\"{at}\"><title>{}</title><circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" \
             fill=\"{color}\"/>",
            xml(&format!("{} {labels}", node.caption))
        )
        .expect("a string takes all");
        if is_free[at] || crowded {
            let class = if is_free[at] { "" } else { " class=\"crowded\"" };
            let below = y + radius + 12.5;
            write!(out, "<text x=\"{x:.1}\" y=\"{below:.1}\"{class}>{}</text>", xml(&node.caption))
                .expect("a string takes all");
        }
        out.push_str("</g>\n");
    }
    out.push_str("</g>\n");
}

fn line(at: usize, edge: &Line, drawn: &Drawn, (is_free, crowded): (bool, bool), out: &mut String) {
    let dashed = if edge.is_negative { " stroke-dasharray=\"5 4\"" } else { "" };
    write!(
        out,
        "<g class=\"e\" data-i=\"{at}\"><title>{}</title><path class=\"h\" d=\"{line}\"/><path class=\"l\" \
         d=\"{line}\" stroke-width=\"{:.1}\"{dashed}/><path class=\"a\" d=\"{}\"/>",
        xml(&edge.rel_type),
        edge.width,
        drawn.head,
        line = drawn.line
    )
    .expect("a string takes all");
    if is_free || crowded {
        let class = if is_free { "" } else { " class=\"crowded\"" };
        let ((x, y), turn) = (drawn.middle, drawn.degrees);
        write!(
            out,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" dy=\"-2.5\" transform=\"rotate({turn:.1} {x:.1} {y:.1})\"{class}>{}</text>",
            xml(&edge.rel_type)
        )
        .expect("a string takes all");
    }
    out.push_str("</g>\n");
}
