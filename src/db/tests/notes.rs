//! What the database keeps about itself, wherever the graph goes.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    db::{Database, Options},
    graph::{Durability, Engine, Snapshot, check, tests::Random},
    model::NoteTable,
};

type Model = BTreeMap<(usize, u32), Vec<u8>>;

fn change(engine: &Arc<Engine>, random: &mut Random, model: &mut Model) {
    let mut writer = engine.begin().unwrap();
    let mut tx = writer.take();
    for _ in 0..40 {
        let table = [NoteTable::Ledger, NoteTable::Policy][random.below(2) as usize];
        let id = (random.below(3) * 1023 + random.below(5)) as u32;
        let note = vec![random.below(256) as u8; random.below(300) as usize];
        let is_gone = random.below(4) == 0;
        tx.set_note(table, id, (!is_gone).then(|| note.clone().into())).unwrap();
        if is_gone {
            model.remove(&(table.index(), id));
        } else {
            model.insert((table.index(), id), note);
        }
    }
    writer.put(tx);
    writer.commit(Durability::Sync).unwrap();
}

fn assert_same(view: &Snapshot, model: &Model) {
    let mut found = Model::new();
    for table in NoteTable::ALL {
        view.each_note(table, 0, &mut |id, note| {
            found.insert((table.index(), id), note.to_vec());
            Ok(())
        })
        .unwrap();
        let mut ids = model.range((table.index(), 0)..=(table.index(), u32::MAX)).map(|((_, id), _)| *id);
        assert_eq!(view.last_note(table).unwrap(), ids.next_back());
    }
    assert_eq!(&found, model);
    for ((table, id), note) in model {
        assert_eq!(view.note(NoteTable::ALL[*table], *id).unwrap(), Some(&note[..]));
    }
    assert_eq!(view.note(NoteTable::Pin, 0).unwrap(), None);
    assert!(check(view, true).is_sound());
}

#[test]
fn notes_are_kept_as_the_graph_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("db");
    let (mut random, mut model) = (Random(11), Model::new());
    for round in 0..6 {
        let db = Database::open_with(&path, Options { background: false, ..Options::default() }).unwrap();
        let engine = db.engine();
        assert_same(&engine.snapshot(), &model);
        let before = engine.snapshot();
        let old = model.clone();
        (0..3).for_each(|_| change(engine, &mut random, &mut model));
        if round % 2 == 0 {
            db.checkpoint().unwrap();
            change(engine, &mut random, &mut model);
        }
        assert_same(&before, &old);
        assert_same(&engine.snapshot(), &model);
        let backup = dir.path().join(format!("backup{round}"));
        db.backup(&backup).unwrap();
        assert_same(&Database::open(&backup).unwrap().engine().snapshot(), &model);
        let mut stream = Vec::new();
        db.save_to(&mut stream).unwrap();
        let copy = Database::load_from(stream.as_slice()).unwrap();
        assert_same(&copy.engine().snapshot(), &model);
        let mut again = Vec::new();
        copy.save_to(&mut again).unwrap();
        assert_eq!(again, stream);
    }
}
