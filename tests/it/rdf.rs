//! Files of triples: what they become, that a file loaded again changes nothing, and what is said of bad ones.

use attendb::Error;

use super::{
    place::Place,
    support::{count, must},
};

const WORLD: &str = r#"@prefix ex: <http://example.org/> .
@prefix o: <http://other.org/terms#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
ex:ada a ex:Person, ex:Poet ;
    ex:name "Ada" ; o:name "Ada L." ; ex:age 36 ; ex:height 1.65 ; ex:alive false ;
    ex:born "1815-12-10"^^xsd:date ; ex:nick "A", "Ad", "A" ; ex:big 99999999999999999999 ;
    ex:label "Ada"@en, "Ada die Gräfin"@de, "Gräfin"@de ;
    ex:knows ex:bo, [ ex:name "nobody" ] .
ex:bo a ex:Person ; ex:name "Bo" ; ex:age 40.5 ; ex:knows ex:ada, _:c .
_:c ex:name "Cy" .
"#;

#[test]
fn turtle_becomes_labels_properties_and_relationships() {
    let place = Place::new();
    place.file("world.ttl", WORLD);
    assert_eq!(place.row("COPY FROM 'world.ttl'"), "'world.ttl' 24 8 0 0");
    let ada = "MATCH (a:Person:Poet:Resource {uri: 'http://example.org/ada'}) RETURN ";
    let values = "a.name, a.`o__name`, a.age, a.height, a.alive, a.born, a.nick, a.big, a.`label@en`, a.`label@de`";
    assert_eq!(
        place.row(&format!("{ada}{values}")),
        "'Ada' 'Ada L.' 36 1.65 false 1815-12-10 ['A', 'Ad'] '99999999999999999999' 'Ada' ['Ada die Gräfin', 'Gräfin']"
    );
    assert_eq!(
        place.row("MATCH (b:Person {name: 'Bo'})-[:knows]->(x) WITH x ORDER BY x.name RETURN collect(x.name)"),
        "['Ada', 'Cy']"
    );
    assert_eq!(place.row("MATCH (x {name: 'Cy'}) RETURN x.uri"), "'_:world.ttl#c'");
    assert_eq!(count(&place.db, "MATCH (n:Resource) RETURN count(*)"), 4);
    let before = place.row("MATCH (n) OPTIONAL MATCH (n)-[r]->() RETURN count(DISTINCT n), count(r)");
    assert_eq!(place.row("COPY FROM 'world.ttl'"), "'world.ttl' 24 0 0 0");
    assert_eq!(place.row("MATCH (n) OPTIONAL MATCH (n)-[r]->() RETURN count(DISTINCT n), count(r)"), before);
    place.sound();
}

#[test]
fn values_and_labels_join_what_is_there_and_names_keep_their_meaning() {
    let place = Place::new();
    place.file("1.nt", "<http://x/a> <http://x/name> \"A\" .\n<http://x/a> <http://x/p> <http://x/b> .\n");
    let more = "<http://x/a> <http://x/name> \"B\" .\n<http://x/a> <http://y/name> \"other\" .\n\
                <http://x/a> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://x/Late> .\n\
                <http://x/a> <http://x/p> <http://x/c> .\n";
    place.file("2.nt", more);
    must(&place.db, "COPY FROM '1.nt'");
    assert_eq!(place.row("COPY FROM '2.nt'"), "'2.nt' 4 2 1 0");
    assert_eq!(place.row("MATCH (a:Late) RETURN a.name, a.ns1__name"), "['A', 'B'] 'other'");
    assert_eq!(count(&place.db, "MATCH (:Late)-[:p]->(x) RETURN count(x)"), 2);
    assert_eq!(place.row("COPY FROM '2.nt'"), "'2.nt' 4 0 0 0");
    assert_eq!(place.row("MATCH (v:RdfVocabulary) RETURN v.names[0], v.iris[0]"), "'name' 'http://x/name'");
    place.sound();
}

#[test]
fn many_triples_are_loaded_in_bulk() {
    const N: usize = 5000;
    let place = Place::new();
    let mut text = String::new();
    for n in 0..N {
        let class = if n % 3 == 0 { "Big" } else { "Small" };
        text += &format!("<http://x/{n}> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://x/{class}> .\n");
        text += &format!("<http://x/{n}> <http://x/n> \"{n}\"^^<http://www.w3.org/2001/XMLSchema#integer> .\n");
        text += &format!("<http://x/{n}> <http://x/next> <http://x/{}> .\n", (n + 1) % N);
    }
    place.file("many.nt", &text);
    must(&place.db, "CREATE CONSTRAINT FOR (b:Big) REQUIRE b.n IS UNIQUE");
    must(&place.db, "COPY FROM 'many.nt'");
    assert_eq!(count(&place.db, "MATCH (b:Big) RETURN count(*)"), N.div_ceil(3) as i64);
    assert_eq!(count(&place.db, "MATCH (b:Small)-[:next]->(c:Big) WHERE c.n = (b.n + 1) % 5000 RETURN count(*)"), 1667);
    assert_eq!(count(&place.db, "MATCH (b:Big {n: 4998}) RETURN count(*)"), 1);
    assert_eq!(place.row("COPY FROM 'many.nt'"), "'many.nt' 15000 0 0 0");
    // Portions of several files, old and new resources mixed.
    let halves = text.replace("http://x/1", "http://x/new1");
    place.file("more.nt", &halves);
    let failed = place.db.execute("COPY FROM 'more.nt'", ()).expect_err("two :Big of one n");
    assert!(matches!(failed, Error::Constraint { .. }), "{failed}");
    assert_eq!(count(&place.db, "MATCH (b:Resource) RETURN count(*)"), N as i64);
    must(&place.db, "DROP CONSTRAINT unique_Big_n");
    must(&place.db, "COPY FROM 'more.nt'");
    let n_new = (0..N).filter(|n| n.to_string().starts_with('1')).count();
    assert_eq!(count(&place.db, "MATCH (b:Resource) RETURN count(*)"), (N + n_new) as i64);
    place.sound();
}

#[test]
fn bad_triples_are_named_or_skipped() {
    let place = Place::new();
    place.file(
        "bad.nt",
        "<http://x/a> <http://x/p> \"1\" .\n<http://x/a> <http://x/p> 5x .\n<http://x/b> <http://x/p> \"2\" .\n",
    );
    let Err(Error::Import(error)) = place.db.execute("COPY FROM 'bad.nt'", ()) else { panic!("it is refused") };
    assert_eq!((error.line, error.file.as_str()), (2, "bad.nt"), "{error}");
    assert!(error.column > 20, "{error}");
    assert_eq!(count(&place.db, "MATCH (n) RETURN count(*)"), 0);
    let row = place.row("COPY FROM 'bad.nt' (ON ERROR SKIP)");
    assert!(row.starts_with("'bad.nt' 2 2 0 "), "{row}");
    for (text, reason) in [
        ("COPY Npc FROM 'bad.nt'", "a name after COPY means nothing for a file of triples"),
        ("COPY FROM 'bad.nt' (HEADER false)", "HEADER means nothing"),
        ("COPY FROM 'bad.nt' (KEY id)", "KEY, FROM and TO need the name"),
        ("COPY (RETURN 1 AS x) TO 'out.nt'", "triples are only read"),
    ] {
        let error = place.db.execute(text, ()).expect_err(text);
        assert!(error.to_string().contains(reason), "{error}");
    }
}
