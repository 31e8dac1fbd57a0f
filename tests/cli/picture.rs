//! `.graph FILE`: pictures of results, and that no text of the database gets out of its place in them.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use crate::{Ran, kgql_in};

const EVIL: &str = "</script><img src=x onerror=\"document.title='pwned'\">";

fn town() -> &'static str {
    "CREATE (a:Npc {name: 'Ada', age: 36})-[:KNOWS {weight: 0.5, since: 2001}]->(b:Npc {name: 'Bo'}),
            (a)-[:HATES {weight: -1}]->(b), (b)-[:KNOWS]->(b), (b)-[:LIVES_IN {weight: 0.1}]->(:Place {name: 'Mill'});\n"
}

fn draw(directory: &Path, query: &str, files: &[&str]) -> Ran {
    let dots: String = files.iter().map(|file| format!(".graph {file}\n")).collect();
    kgql_in(directory, [":memory:", "--mode", "csv"], &format!("{}{query};\n{dots}", town()))
}

/// Checks that a text is well-formed as XML: tags nest, attributes are quoted, nothing stands unescaped.
fn check_xml(text: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        check_escapes(&rest[..at]);
        let end = rest[at..].find('>').expect("a tag ends") + at;
        let tag = &rest[at + 1..end];
        assert!(!tag.contains('<'), "{tag}");
        check_escapes(tag);
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{tag}");
            continue;
        }
        let name = tag.split([' ', '\n', '/']).next().expect("a name");
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        assert!(!tag.contains(" on"), "an event handler: {tag}");
        if !tag.ends_with('/') {
            open.push(name);
        }
        if name == "style" {
            rest = &rest[rest.find("</style>").expect("the style ends")..];
        }
    }
    assert!(open.is_empty(), "{open:?}");
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "a control character");
}

fn check_escapes(text: &str) {
    for (at, _) in text.match_indices('&') {
        let known = ["&lt;", "&gt;", "&amp;", "&quot;", "&#39;"];
        assert!(known.iter().any(|entity| text[at..].starts_with(entity)), "{}", &text[at..]);
    }
}

#[test]
fn every_format_shows_the_result() {
    let dir = tempfile::tempdir().unwrap();
    let files = ["a.dot", "a.gv", "a.mmd", "a.svg", "'b c.html'"];
    let ran = draw(dir.path(), "MATCH p = (:Npc)-->() RETURN collect(p) AS ps, {x: 1} AS m", &files);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.err.matches("drew 3 nodes and 4 relationships into").count(), 5, "{}", ran.err);
    let read = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
    let dot = read("a.dot");
    assert!(dot.starts_with("digraph") && dot == read("a.gv"), "{dot}");
    assert_eq!(dot.matches(" -> ").count(), 4, "{dot}");
    assert!(dot.contains("penwidth=6.0, style=dashed") && dot.contains("label=\"LIVES_IN\""), "{dot}");
    let mermaid = read("a.mmd");
    assert!(mermaid.starts_with("flowchart LR\n") && mermaid.contains("([\"Ada\"])"), "{mermaid}");
    assert_eq!((mermaid.matches("-->|").count(), mermaid.matches("-.->|").count()), (3, 1), "{mermaid}");
    assert!(mermaid.contains("stroke-width:3.5px"), "{mermaid}");
    let svg = read("a.svg");
    check_xml(&svg);
    assert_eq!((svg.matches("class=\"n\"").count(), svg.matches("class=\"e\"").count()), (3, 4), "{svg}");
    assert!(svg.contains(">Npc <tspan class=\"count\">2</tspan>") && svg.contains("stroke-width=\"6.0\""), "{svg}");
    let page = read("b c.html");
    assert!(page.contains("\"since\",\"2001\"") && page.contains("<span>Place</span><b>1</b>"), "{page}");
    // It needs nothing from elsewhere.
    assert_eq!(page.matches("http").count() - page.matches("http-equiv").count(), 1, "only SVG's namespace");
}

#[test]
fn the_same_result_gives_the_same_picture() {
    let dir = tempfile::tempdir().unwrap();
    draw(dir.path(), "MATCH (a)-[r]->(b) RETURN a, r, b", &["a.svg", "b.svg"]).ok();
    assert_eq!(fs::read(dir.path().join("a.svg")).unwrap(), fs::read(dir.path().join("b.svg")).unwrap());
}

#[test]
fn the_ends_of_relationships_are_fetched_also_in_a_transaction() {
    let dir = tempfile::tempdir().unwrap();
    let ran = draw(dir.path(), "MATCH ()-[r:LIVES_IN]->() RETURN [r] AS rs", &["a.dot"]);
    assert!(ran.err.contains("drew 2 nodes and 1 relationship into"), "{}", ran.err);
    let dot = fs::read_to_string(dir.path().join("a.dot")).unwrap();
    assert!(dot.contains("\"Bo\"") && dot.contains("\"Mill\""), "{dot}");
    let text = "BEGIN; CREATE (:A {name: 'new'})-[r:R]->(:A {name: 'newer'}) RETURN r;\n.graph t.dot\nROLLBACK;";
    kgql_in(dir.path(), [":memory:"], text).ok();
    let dot = fs::read_to_string(dir.path().join("t.dot")).unwrap();
    assert!(dot.contains("\"new\"") && dot.contains("\"newer\""), "{dot}");
}

#[test]
fn what_cannot_be_drawn_says_so() {
    let dir = tempfile::tempdir().unwrap();
    for (query, file, said) in [
        ("RETURN 1 AS n, [2, {x: null}] AS l", "a.svg", "holds no nodes, relationships or paths"),
        ("MATCH (n) RETURN n", "a.png", "cannot tell from 'a.png'"),
        ("MATCH (n) RETURN n", "", ".graph needs a file"),
        ("PROFILE MATCH (n) RETURN n", "a.svg", "holds no nodes, relationships or paths"),
    ] {
        let ran = draw(dir.path(), query, &[file]);
        assert_eq!((ran.code, ran.err.contains(said)), (2, true), "{query} {file}: {}", ran.err);
    }
    let ran = kgql_in(dir.path(), [":memory:", "--safe"], "CREATE (n) RETURN n;\n.graph a.svg");
    assert!(ran.code != 0 && ran.err.contains("--safe forbids"), "{ran:?}");
    let ran = draw(dir.path(), "MATCH (n) RETURN n", &["no/such/folder.svg"]);
    assert_eq!((ran.code, ran.err.contains("cannot write no/such/folder.svg")), (3, true), "{}", ran.err);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn more_than_can_be_looked_at_is_cut_with_a_note() {
    let dir = tempfile::tempdir().unwrap();
    let ran = draw(dir.path(), "UNWIND range(1, 600) AS i CREATE (n:N {id: i}) RETURN n", &["a.svg"]);
    assert!(ran.err.contains("drew 500 nodes") && ran.err.contains("the first 500 nodes"), "{}", ran.err);
    check_xml(&fs::read_to_string(dir.path().join("a.svg")).unwrap());
}

#[test]
fn text_stays_in_its_place_in_every_format() {
    let dir = tempfile::tempdir().unwrap();
    let all = "<![CDATA[ ]]> --> {{data}} \\N \\\" \" ' & &amp; ` # ; | ] ) } %% \\u0000\\u0007\\n<!-- end";
    let query = format!(
        "CREATE (a:`{EVIL}` {{name: '{name}', `{EVIL}`: '{all}'}})-[r:`{EVIL}` {{`k<`: '{name}'}}]->(b {{name: '{all}'}}) \
         RETURN a, r, b",
        name = EVIL.replace('\'', "\\'"),
        all = all.replace('\\', "\\\\").replace("\\\\u", "\\u").replace("\\\\n", "\\n").replace('\'', "\\'"),
    );
    let ran = draw(dir.path(), &query, &["a.dot", "a.mmd", "a.svg", "a.html"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let read = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
    check_xml(&read("a.svg"));
    let page = read("a.html");
    // Its own two scripts, and no markup of the text's.
    assert_eq!((page.matches("<script").count(), page.matches("</script").count()), (2, 2), "{page}");
    assert!(!page.contains("<img") && !page.contains("<!--"), "{page}");
    let (start, rest) = page.split_once("id=\"data\">").expect("the data");
    let data: serde_json::Value = serde_json::from_str(rest.split_once("</script>").expect("its end").0).unwrap();
    assert_eq!(data["nodes"][0]["labels"][0], EVIL);
    let body = start.split_once("<body>").expect("a body").1.replace("&#39;", "");
    assert!(!body.contains("onerror=\"document"), "{body}");
    let mermaid = read("a.mmd");
    assert!(!mermaid.contains(['<', '`']), "{mermaid}");
    // Every quote of DOT that is not a string's own is escaped: each line closes what it opens.
    for line in read("a.dot").lines() {
        let plain = line.replace("\\\\", "").replace("\\\"", "");
        assert_eq!(plain.matches('"').count() % 2, 0, "{line}");
    }
}

/// A real browser opens the page, clicks a node and then a line, and says what the page shows.
#[test]
fn a_browser_shows_what_is_clicked() {
    let Some(browser) = browser() else {
        eprintln!("skipped: no chromium");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let query = format!(
        "CREATE (a:Npc {{name: '{}', mood: 'calm'}})-[r:KNOWS {{since: 1999}}]->(b:Npc {{name: 'Bo'}}) RETURN a, r, b",
        EVIL.replace('\'', "\\'")
    );
    draw(dir.path(), &query, &["a.html"]).ok();
    let page = fs::read_to_string(dir.path().join("a.html")).unwrap();
    let opened = |clicks: &str| {
        let script = format!(
            "<script nonce=\"kgql-picture\">const click = q => document.querySelector(q).dispatchEvent(\
             new MouseEvent('click', {{bubbles: true}}));\n{clicks}</script></body>"
        );
        let file = dir.path().join("clicked.html");
        fs::write(&file, page.replace("</body>", &script)).unwrap();
        dump(&browser, dir.path(), &file)
    };
    let still = opened("");
    assert!(still.contains("hidden=\"\"") && still.contains("transform=\"translate("), "{still}");
    let node = opened("click('.n');");
    let panel = panel(&node);
    assert!(panel.contains("<dt>mood</dt><dd>calm</dd>") && panel.contains("&lt;/script&gt;&lt;img"), "{panel}");
    assert!(panel.contains("KNOWS →") && panel.contains("Bo"), "{panel}");
    assert!(!node.contains("<img") && !node.contains("<title>pwned"), "{node}");
    let line = opened("click('.e');");
    assert!(self::panel(&line).contains("<dt>since</dt><dd>1999</dd>"), "{line}");
    let closed = opened("click('.n'); click('aside .close');");
    assert!(self::panel(&closed).contains("hidden"), "{closed}");
    let off = opened("click('#legend button');");
    assert_eq!(off.matches("class=\"n off\"").count(), 2, "{off}");
    let near = opened("for (let i = 0; i < 9; i++) click('#in');");
    assert!(near.contains("class=\"near\""), "{near}");
}

fn panel(dom: &str) -> &str {
    let rest = &dom[dom.find("<aside").expect("a panel")..];
    &rest[..rest.find("</aside>").expect("its end")]
}

fn browser() -> Option<String> {
    let works = |name: &&&str| {
        let run = Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        run.is_ok_and(|status| status.success())
    };
    ["chromium", "chromium-browser", "google-chrome"].iter().find(works).map(ToString::to_string)
}

fn dump(browser: &str, dir: &Path, file: &Path) -> String {
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .arg(format!("--user-data-dir={}", dir.join("profile").display()))
        .args(["--virtual-time-budget=2000", "--dump-dom"])
        .arg(format!("file://{}", file.display()))
        .stderr(Stdio::null())
        .output()
        .expect("the browser starts");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
