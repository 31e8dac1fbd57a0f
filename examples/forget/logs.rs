//! The logs: which relationships there are, and who accessed which of them when.
//!
//! - **wikispeedia** (SNAP; West and Leskovec 2012): links between articles; players look for a way from one to another. An
//!   access is a click on a link. `<` is the browser's way back: it takes the player to the article before and is no access,
//!   for no link is read. Learnt from the earlier half of the clicks in the file.
//! - **icews14** (events of 2014 in the split of RE-GCN): the relationships are the triples of the training and validation
//!   days, accesses their occurrences on these days; later accesses are their recurrences on the test days. What occurs for
//!   the first time then is no relationship that could have been kept.
//! - **movielens** (GroupLens ml-latest-small on the films of MetaQA): the relationships are MetaQA's triples. Who rates a film
//!   accesses every triple it is the subject or object of, each with full weight: nobody says which of them mattered.
//!   Ratings count alike whether good or bad, for both attend to the film. Learnt from the earlier half of the accesses.

use std::{
    collections::HashMap,
    error::Error,
    fs::File,
    io::{BufRead as _, BufReader},
    path::Path,
};

use flate2::read::GzDecoder;

/// A relationship: names of entities and of its type, by number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Rel {
    pub(crate) head: u32,
    pub(crate) kind: u32,
    pub(crate) tail: u32,
}

/// An access of a relationship.
#[derive(Clone, Copy)]
pub(crate) struct Access {
    pub(crate) time: f64,
    pub(crate) rel: u32,
    /// Who; 0 where nobody is named.
    pub(crate) source: u32,
}

/// A graph, what was accessed in it, and what was accessed later.
pub(crate) struct Log {
    pub(crate) rels: Vec<Rel>,
    pub(crate) n_entities: usize,
    pub(crate) n_kinds: usize,
    /// In order of time.
    pub(crate) earlier: Vec<Access>,
    pub(crate) later: Vec<Access>,
    /// Where the two meet.
    pub(crate) split: &'static str,
}

/// Relationships and entities, numbered as they come.
#[derive(Default)]
struct Graph {
    entities: HashMap<String, u32>,
    kinds: HashMap<String, u32>,
    numbers: HashMap<Rel, u32>,
    rels: Vec<Rel>,
}

impl Graph {
    fn add(&mut self, head: &str, kind: &str, tail: &str) -> u32 {
        let rel = Rel { head: self.entity(head), kind: number(&mut self.kinds, kind), tail: self.entity(tail) };
        let next = self.rels.len() as u32;
        let id = *self.numbers.entry(rel).or_insert(next);
        if id == next {
            self.rels.push(rel);
        }
        id
    }

    fn entity(&mut self, name: &str) -> u32 {
        number(&mut self.entities, name)
    }

    /// Splits accesses in two where a share of them is over.
    fn split(self, mut accesses: Vec<Access>, share: f64, split: &'static str) -> Log {
        accesses.sort_by(|a, b| a.time.total_cmp(&b.time));
        let later = accesses.split_off((accesses.len() as f64 * share) as usize);
        self.log(accesses, later, split)
    }

    fn log(self, earlier: Vec<Access>, later: Vec<Access>, split: &'static str) -> Log {
        let (n_entities, n_kinds) = (self.entities.len(), self.kinds.len());
        Log { rels: self.rels, n_entities, n_kinds, earlier, later, split }
    }
}

fn number(numbers: &mut HashMap<String, u32>, name: &str) -> u32 {
    let next = numbers.len() as u32;
    *numbers.entry(name.to_owned()).or_insert(next)
}

/// Returns the lines of a file, without comments, each in fields.
fn lines(data: &Path, name: &str) -> Result<Vec<Vec<String>>, Box<dyn Error>> {
    let path = data.join(name);
    let file = File::open(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut all = Vec::new();
    for line in BufReader::new(GzDecoder::new(file)).lines() {
        let line = line.map_err(|error| format!("{}: {error}", path.display()))?;
        if !line.starts_with('#') {
            all.push(line.split('\t').map(str::to_owned).collect());
        }
    }
    Ok(all)
}

/// Returns a field, or says which is missing.
fn field<'a>(line: &'a [String], at: usize, name: &str) -> Result<&'a str, Box<dyn Error>> {
    line.get(at).map(String::as_str).ok_or_else(|| format!("{name}: a line has no field {at}").into())
}

pub(crate) fn wikispeedia(data: &Path) -> Result<Log, Box<dyn Error>> {
    let mut graph = Graph::default();
    let links = "usage/wikispeedia/links.tsv.gz";
    for line in lines(data, links)? {
        graph.add(field(&line, 0, links)?, "LINKS", field(&line, 1, links)?);
    }
    let (mut users, mut accesses) = (HashMap::from([(String::new(), 0)]), Vec::new());
    let paths = "usage/wikispeedia/paths_earlier_half.tsv.gz";
    for line in lines(data, paths)? {
        let time: f64 = field(&line, 0, paths)?.parse()?;
        let source = number(&mut users, field(&line, 1, paths)?);
        let mut way: Vec<u32> = Vec::new();
        for article in field(&line, 3, paths)?.split(';') {
            if article == "<" {
                if way.len() > 1 {
                    way.pop();
                }
                continue;
            }
            let tail = graph.entity(article);
            // A few clicks are on links that are not in the list.
            let rel = way.last().map(|head| Rel { head: *head, kind: 0, tail });
            if let Some(rel) = rel.and_then(|rel| graph.numbers.get(&rel)) {
                accesses.push(Access { time, rel: *rel, source });
            }
            way.push(tail);
        }
    }
    Ok(graph.split(accesses, 0.5, "half of them"))
}

pub(crate) fn icews14(data: &Path) -> Result<Log, Box<dyn Error>> {
    let mut graph = Graph::default();
    let mut earlier = Vec::new();
    for name in ["tkg/icews14/train.tsv.gz", "tkg/icews14/valid.tsv.gz"] {
        for line in lines(data, name)? {
            let rel = graph.add(field(&line, 0, name)?, field(&line, 1, name)?, field(&line, 2, name)?);
            earlier.push(Access { time: field(&line, 3, name)?.parse()?, rel, source: 0 });
        }
    }
    earlier.sort_by(|a, b| a.time.total_cmp(&b.time));
    let (n, mut later) = (graph.rels.len() as u32, Vec::new());
    let name = "tkg/icews14/test.tsv.gz";
    let mut with_new = Graph { rels: graph.rels.clone(), ..Graph::default() };
    (with_new.entities, with_new.kinds) = (graph.entities.clone(), graph.kinds.clone());
    with_new.numbers = graph.numbers.clone();
    for line in lines(data, name)? {
        let rel = with_new.add(field(&line, 0, name)?, field(&line, 1, name)?, field(&line, 2, name)?);
        if rel < n {
            later.push(Access { time: field(&line, 3, name)?.parse()?, rel, source: 0 });
        }
    }
    Ok(graph.log(earlier, later, "its test days"))
}

pub(crate) fn movielens(data: &Path) -> Result<Log, Box<dyn Error>> {
    let mut graph = Graph::default();
    let mut of_film: HashMap<String, Vec<u32>> = HashMap::new();
    let triples = "qa/metaqa/kb.tsv.gz";
    for line in lines(data, triples)? {
        let (head, tail) = (field(&line, 0, triples)?, field(&line, 2, triples)?);
        let rel = graph.add(head, field(&line, 1, triples)?, tail);
        for name in [head, tail] {
            let rels = of_film.entry(name.to_owned()).or_default();
            if rels.last() != Some(&rel) {
                rels.push(rel);
            }
        }
    }
    let (mut users, mut accesses) = (HashMap::from([(String::new(), 0)]), Vec::new());
    let ratings = "usage/movielens-small/ratings_earlier_60pct.tsv.gz";
    for line in lines(data, ratings)? {
        let time: f64 = field(&line, 0, ratings)?.parse()?;
        let source = number(&mut users, field(&line, 1, ratings)?);
        let film = line.get(4).filter(|film| !film.is_empty());
        let rels = film.and_then(|film| of_film.get(film));
        accesses.extend(rels.into_iter().flatten().map(|rel| Access { time, rel: *rel, source }));
    }
    Ok(graph.split(accesses, 0.5, "half of them"))
}
