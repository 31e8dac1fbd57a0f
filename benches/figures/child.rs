//! Work that needs a process of its own: its peak memory, or its start, is what is measured.

use std::{
    env,
    path::Path,
    process::{Command, ExitCode},
    time::Instant,
};

use attendb::{Database, Options, params};

use super::{ask, system};

/// The statements that load the social graph, in order; `{}` is the folder of its CSV files.
const LOAD: [&str; 10] = [
    "COPY Person FROM '{}/persons.csv' (KEY id)",
    "COPY City FROM '{}/cities.csv' (KEY id)",
    "COPY State FROM '{}/states.csv' (KEY id)",
    "COPY Country FROM '{}/countries.csv' (KEY id)",
    "COPY Interest FROM '{}/interests.csv' (KEY id)",
    "COPY Follows FROM '{}/follows.csv' (FROM Person, TO Person)",
    "COPY LivesIn FROM '{}/lives_in.csv' (FROM Person, TO City)",
    "COPY HasInterest FROM '{}/interested_in.csv' (FROM Person, TO Interest)",
    "COPY CityIn FROM '{}/city_in.csv' (FROM City, TO State)",
    "COPY StateIn FROM '{}/state_in.csv' (FROM State, TO Country)",
];

/// Opens the database that holds the data of `data`.
pub(crate) fn open(path: &Path, data: &Path) -> Database {
    let options = Options::default().file_roots([data]);
    Database::open_with(path, options).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Runs this program as a child; returns the numbers it prints and its wall time in seconds.
pub(crate) fn run(work: &str, path: &Path, data: &Path) -> (Vec<f64>, f64) {
    let program = env::current_exe().expect("the program knows its own path");
    let started = Instant::now();
    let output = Command::new(program).arg(work).arg(path).arg(data).output().expect("the program can start itself");
    let wall_s = started.elapsed().as_secs_f64();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{work}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    (text.split_whitespace().map(|word| word.parse().unwrap_or(f64::NAN)).collect(), wall_s)
}

/// Does a child's work, if this process is one.
pub(crate) fn work(arguments: &[String]) -> Option<ExitCode> {
    let [work, path, data] = arguments else { return None };
    let (path, data) = (Path::new(path), Path::new(data));
    let started = Instant::now();
    match work.as_str() {
        "--load" => {
            let db = open(path, data);
            for statement in LOAD {
                let text = statement.replace("{}", &data.display().to_string());
                db.execute(&text, ()).unwrap_or_else(|error| panic!("{text}: {error}"));
            }
            db.close().expect("a clean close");
            println!("{} {}", started.elapsed().as_secs_f64(), system::memory_mb("VmHWM").unwrap_or(f64::NAN));
        }
        "--open" => {
            let db = open(path, data);
            let opened = started.elapsed().as_secs_f64();
            let rows = ask(&db, "MATCH (p:Person {id: $id}) RETURN p.name, p.age", params! { "id": 4711 });
            assert_eq!(rows.len(), 1, "person 4711 is there once");
            println!("{} {}", started.elapsed().as_secs_f64() * 1e3, opened * 1e3);
        }
        "--touch" => {
            let before = system::memory_mb("VmRSS").unwrap_or(f64::NAN);
            let db = open(path, data);
            let relationships = ask(&db, "MATCH (a)-[r]->(b) WHERE id(a) >= 0 AND id(b) >= 0 RETURN count(r)", ());
            let back = ask(&db, "MATCH (a)<-[r]-(b) WHERE id(a) >= 0 AND id(b) >= 0 RETURN count(r)", ());
            assert_eq!(relationships, back, "as many in as out");
            for label in ["Person", "City", "State", "Country", "Interest"] {
                ask(&db, &format!("MATCH (n:{label}) WITH properties(n) AS p RETURN sum(size(keys(p)))"), ());
            }
            let n = relationships[0][0].as_int().unwrap_or(0);
            println!("{} {n}", system::memory_mb("VmRSS").unwrap_or(f64::NAN) - before);
        }
        _ => return None,
    }
    Some(ExitCode::SUCCESS)
}
