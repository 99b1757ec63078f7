//! What stands on this machine: the data directory, the agents, the canned answers.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{Access, access};

use super::place::stands_in_a_directory;
use super::{Outcome, Report};
use crate::config::settings::Settings;
use crate::engine::answers::look_over;
use crate::engine::desk_dir::DeskDir;
use crate::engine::vitals::room;

impl Report {
    pub(super) fn desk(&mut self, settings: &Settings) {
        self.data(&settings.desk.data_dir);
        if settings.agents.is_empty() {
            self.say(Outcome::Ok, "agents", "none; nobody is notified");
        } else {
            let names: Vec<&str> = settings.agents.iter().map(|a| a.name.as_str()).collect();
            self.say(Outcome::Ok, "agents", names.join(", "));
        }
        if settings.managers.is_empty() {
            self.say(
                Outcome::Warning,
                "managers",
                "none: nobody gets the figures, and nobody is told if something is wrong",
            );
            let todo = "write [[manager]] with a name and an address";
            self.say(Outcome::Warning, "managers", todo);
        }
    }

    /// The data directory: is there a database, may we write, is there room?
    fn data(&mut self, path: &Path) {
        let dir = DeskDir::at(path);
        let shown = path.display();
        if dir.is_locked() {
            self.say(Outcome::Ok, "data", format!("{shown}: a daemon is running on it"));
        } else if dir.database().exists() {
            self.say(Outcome::Ok, "data", format!("{shown}: there is a database, no daemon is running"));
        } else if path.is_dir() || stands_in_a_directory(path) {
            self.say(Outcome::Ok, "data", format!("{shown}: no database yet, `svar run` makes it"));
        } else {
            self.say(Outcome::Warning, "data", format!("{shown}: the directory above is not there; it will be made"));
        }
        // What is there of it: the directory itself, else the nearest one above.
        let Some(there) = path.ancestors().map(or_here).find(|p| p.exists()) else { return };
        if !there.is_dir() {
            self.say(Outcome::Failed, "data", format!("{} is no directory", there.display()));
            self.say(Outcome::Warning, "data", "name another one as `data_dir`");
            return;
        }
        if !dir.is_locked() && access(there, Access::WRITE_OK | Access::EXEC_OK).is_err() {
            let owner = std::fs::metadata(there).map_or(0, |m| m.uid());
            self.say(Outcome::Failed, "data", format!("this user may not write into {}", there.display()));
            let todo = format!(
                "run svar as the user that owns it (uid {owner}), or give it away: chown USER {}",
                there.display()
            );
            self.say(Outcome::Warning, "data", todo);
        }
        if let Some(room) = room(there) {
            let free = megabytes(room.free_bytes);
            if room.fills {
                self.say(
                    Outcome::Failed,
                    "disk",
                    format!("only {free} are free where the database is ({} %)", room.free_percent),
                );
                self.say(
                    Outcome::Warning,
                    "disk",
                    "make room, or move data_dir to a bigger disk: without room no mail can be kept",
                );
            } else {
                self.say(Outcome::Ok, "disk", format!("{free} free ({} %)", room.free_percent));
            }
        }
    }

    pub(super) fn answers(&mut self, settings: &Settings) {
        if settings.answers.dir.is_none() && settings.answers.folder.is_none() {
            return;
        }
        let (good, wrong) = look_over(settings);
        if let Some(dir) = &settings.answers.dir {
            self.say(Outcome::Ok, "answers", format!("{}: {good} canned answers", dir.display()));
        }
        for one in wrong {
            self.say(Outcome::Failed, "answers", one);
        }
        if let Some(folder) = &settings.answers.folder {
            self.say(Outcome::Ok, "answers", format!("also the mails in {} of {}", folder.folder, folder.mailbox));
        }
    }
}

/// The directory above a bare name is the present one, which `ancestors` calls "".
fn or_here(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}

fn megabytes(bytes: u64) -> String {
    match bytes / 1_000_000 {
        mb @ 0..10_000 => format!("{mb} MB"),
        mb => format!("{} GB", mb / 1000),
    }
}
