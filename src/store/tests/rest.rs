//! What was taken away leaves the log as well, sooner or later.

use std::fs;
use std::path::Path;

use super::super::Role;
use super::*;

const WORD: &str = "lavendelfrakt";

fn holds(path: &Path, ending: &str) -> bool {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    let bytes = fs::read(name).unwrap_or_default();
    bytes.windows(WORD.len()).any(|w| w == WORD.as_bytes())
}

fn take_away(store: &mut Store) {
    store
        .batch(|tx| {
            tx.set_meta("hers", None)?;
            tx.note_taken_away()
        })
        .unwrap();
}

#[test]
fn the_log_is_emptied_as_soon_as_nobody_reads() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("svar.db");
    let mut daemon = Store::open(&path, Role::Owner).unwrap();
    // Taken away by the daemon itself, or by a command beside it that is gone since.
    for by_command in [false, true] {
        daemon.batch(|tx| tx.set_meta("hers", Some(WORD))).unwrap();
        let mut reader = Store::open(&path, Role::Reader).unwrap();
        reader
            .read(|tx| {
                assert_eq!(tx.meta("hers")?.as_deref(), Some(WORD));
                if by_command {
                    let mut command = Store::open(&path, Role::Guest)?;
                    take_away(&mut command);
                    assert!(!command.empty_log()?, "somebody reads");
                } else {
                    take_away(&mut daemon);
                    assert!(!daemon.empty_log()?, "somebody reads");
                }
                daemon.rest()?;
                assert!(daemon.is_log_to_be_emptied()? && holds(&path, "-wal"));
                Ok(())
            })
            .unwrap();
        daemon.rest().unwrap();
        assert!(!daemon.is_log_to_be_emptied().unwrap());
        assert!(!holds(&path, "-wal") && !holds(&path, ""), "taken away by a command: {by_command}");
    }
    // Where nothing was taken away nobody is kept waiting for it.
    daemon.batch(|tx| tx.set_meta("hers", Some(WORD))).unwrap();
    daemon.rest().unwrap();
    assert!(holds(&path, "-wal"));
    // And where nobody reads it is done at once.
    take_away(&mut daemon);
    assert!(daemon.empty_log().unwrap() && !daemon.is_log_to_be_emptied().unwrap());
    assert!(!holds(&path, "-wal") && !holds(&path, ""));
}
