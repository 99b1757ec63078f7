//! What stands on this machine: the data directory, the agents, the canned answers.

use super::place::stands_in_a_directory;
use super::{Outcome, Report};
use crate::config::settings::Settings;
use crate::engine::answers::look_over;
use crate::engine::desk_dir::DeskDir;

impl Report {
    pub(super) fn desk(&mut self, settings: &Settings) {
        let dir = DeskDir::at(&settings.desk.data_dir);
        let path = settings.desk.data_dir.display();
        if dir.is_locked() {
            self.say(Outcome::Ok, "data", format!("{path}: a daemon is running on it"));
        } else if dir.database().exists() {
            self.say(Outcome::Ok, "data", format!("{path}: there is a database, no daemon is running"));
        } else if settings.desk.data_dir.is_dir() || stands_in_a_directory(&settings.desk.data_dir) {
            self.say(Outcome::Ok, "data", format!("{path}: no database yet, `svar run` makes it"));
        } else {
            self.say(Outcome::Warning, "data", format!("{path}: the directory above is not there; it will be made"));
        }
        if settings.agents.is_empty() {
            self.say(Outcome::Ok, "agents", "none; nobody is notified");
        } else {
            let names: Vec<&str> = settings.agents.iter().map(|a| a.name.as_str()).collect();
            self.say(Outcome::Ok, "agents", names.join(", "));
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
