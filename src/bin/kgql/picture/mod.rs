//! `.graph FILE`: the last result's nodes, relationships and paths as a picture.
//!
//! # Life of a picture
//! 1. [`Seen`] looks at every value of a result as it is shown, and keeps the nodes and relationships in it.
//! 2. [`scene`] makes circles and lines of them: captions, colours by label, widths by weight. Ends of relationships that
//!    the result does not hold are fetched.
//! 3. [`layout`] says where the circles stand, and [`geometry`] how the lines run between them. Both are pure and the same
//!    every time.
//! 4. [`graphviz`], [`mermaid`], [`svg`] or [`page`] writes it down, by the file's extension.
//!
//! Every text comes from the database and may be anything: each format escapes all of it, in one place ([`text`]).

mod geometry;
mod graphviz;
mod layout;
mod mermaid;
mod page;
mod scene;
mod seen;
mod svg;
mod text;

use std::{fs, path::Path};

use attendb::{Session, Value, model::Node, params};

use self::scene::Scene;
pub(crate) use self::seen::Seen;
use crate::failure::Failure;

/// The most nodes drawn: with more a picture is a grey ball, and placing them (each pair counts) takes seconds.
pub(crate) const NODES_MAX: usize = 500;

/// The most relationships drawn: as many lines as a browser moves smoothly while the picture is dragged.
pub(crate) const RELATIONSHIPS_MAX: usize = 2_000;

/// The edges Mermaid draws before it refuses, unless its configuration allows more.
const MERMAID_EDGES_MAX: usize = 500;

/// How a picture is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Graphviz,
    Mermaid,
    Svg,
    Html,
}

impl Format {
    fn of(path: &Path) -> Result<Self, Failure> {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
        match extension.as_deref() {
            Some("dot" | "gv") => Ok(Self::Graphviz),
            Some("mmd") => Ok(Self::Mermaid),
            Some("svg") => Ok(Self::Svg),
            Some("html" | "htm") => Ok(Self::Html),
            _ => Err(Failure::Usage(format!(
                "cannot tell from '{}' what to draw: let the file end in .html, .svg, .dot, .gv or .mmd",
                path.display()
            ))),
        }
    }
}

/// Draws what was seen into a file, and says on standard error what is in it.
///
/// # Errors
/// Where there is nothing to draw, the extension is none of ours, or the file cannot be written.
pub(crate) fn draw(session: &mut Session, seen: &Seen, path: &Path) -> Result<(), Failure> {
    let format = Format::of(path)?;
    if seen.is_empty() {
        let what = "the last result holds no nodes, relationships or paths to draw; \
                    return some, as in MATCH p = (a)-->(b) RETURN p LIMIT 50";
        return Err(Failure::Usage(what.to_owned()));
    }
    let ends = fetch(session, seen.missing_ends())?;
    let mut scene = Scene::new(seen, ends);
    if matches!(format, Format::Svg | Format::Html) {
        scene.place();
    }
    let text = match format {
        Format::Graphviz => graphviz::write(&scene),
        Format::Mermaid => mermaid::write(&scene),
        Format::Svg => svg::write(&scene),
        Format::Html => page::write(&scene),
    };
    fs::write(path, text).map_err(|error| Failure::Io(format!("cannot write {}: {error}", path.display())))?;
    tell(seen, &scene, format, path);
    Ok(())
}

/// Reads nodes by their ids.
fn fetch(session: &mut Session, ids: Vec<u32>) -> Result<Vec<Node>, Failure> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids = Value::list(ids.into_iter().map(|id| Value::Int(id.into())));
    let mut nodes = Vec::new();
    for row in session.query("MATCH (n) WHERE id(n) IN $ids RETURN n", params! { "ids": ids })? {
        if let Value::Node(node) = row?.get(0) {
            nodes.push(node.clone());
        }
    }
    Ok(nodes)
}

fn tell(seen: &Seen, scene: &Scene, format: Format, path: &Path) {
    let many = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let (nodes, edges) = (many(scene.nodes.len(), "node"), many(scene.edges.len(), "relationship"));
    eprintln!("drew {nodes} and {edges} into {}", path.display());
    if seen.is_cut() || scene.is_cut {
        eprintln!(
            "note: the result holds more; the first {NODES_MAX} nodes and {RELATIONSHIPS_MAX} relationships at most \
             are drawn"
        );
    }
    if scene.edges.is_empty() {
        eprintln!("note: the result holds no relationships; MATCH p = (a)-->(b) RETURN p draws them too");
    }
    if format == Format::Mermaid && scene.edges.len() > MERMAID_EDGES_MAX {
        eprintln!("note: Mermaid refuses more than {MERMAID_EDGES_MAX} edges unless its `maxEdges` is raised");
    }
}
