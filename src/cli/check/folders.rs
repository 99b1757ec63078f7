//! The folders of an account: the watched one, Sent, the one that letters are moved to.

use super::place::listed;
use super::{Outcome, Report};
use crate::config::settings::{After, Imap, SentFolder, Start};
use crate::net::imap::{Folder, Selected, Session, Special, called_sent, sent_folder};

/// The folder that is called as folders of sent mail are; of several the likeliest.
#[must_use]
pub fn guessed_sent(folders: &[Folder]) -> Option<&str> {
    called_sent(folders).map(|f| f.name.as_str())
}

/// Their names, as many as a line or three hold.
fn some(folders: &[Folder]) -> String {
    const MOST: usize = 12;
    let names: Vec<&str> = folders.iter().filter(|f| f.selectable).map(|f| f.name.as_str()).collect();
    match names.len() {
        n if n > MOST => format!("{} and {} more", listed(&names[..MOST]), n - MOST),
        _ => listed(&names),
    }
}

impl Report {
    pub(super) async fn folders(&mut self, session: &mut Session, imap: &Imap, folders: &[Folder]) {
        self.sent(imap, folders);
        if let After::Move(target) = &imap.after
            && !folders.iter().any(|f| f.name == *target)
        {
            self.say(Outcome::Warning, "folder", format!("{target} (for `after`) is not there; it will be made"));
        }
        if folders.iter().any(|f| f.name == imap.folder && f.special == Some(Special::All)) {
            let text =
                format!("{} holds all mail, what came in and what was sent: set folder = \"INBOX\"", imap.folder);
            return self.say(Outcome::Failed, "folder", text);
        }
        match session.examine(&imap.folder).await {
            Ok(selected) => {
                self.watched(imap, &selected);
                self.clock(session, &selected).await;
            }
            Err(error) => {
                let text = format!("{} cannot be opened: {error}; there are {}", imap.folder, some(folders));
                self.say(Outcome::Failed, "folder", text);
                self.say(Outcome::Warning, "folder", "write one of them as `folder`");
            }
        }
    }

    fn sent(&mut self, imap: &Imap, folders: &[Folder]) {
        let found = match &imap.sent {
            SentFolder::Unwatched => {
                return self.say(Outcome::Ok, "sent", "not watched (sent = \"\"): answers written there are not seen");
            }
            SentFolder::Named(name) => folders.iter().find(|f| f.name == *name),
            SentFolder::Auto => sent_folder(folders).map(|(f, _)| f),
        };
        match (found, &imap.sent) {
            (Some(folder), _) if folder.special == Some(Special::All) => {
                let text =
                    format!("{} holds all mail, what came in and what was sent: name another by `sent`", folder.name);
                self.say(Outcome::Failed, "sent", text);
            }
            (Some(folder), _) => self.say(Outcome::Ok, "sent", format!("{} will be watched for answers", folder.name)),
            (None, SentFolder::Named(name)) => {
                self.say(Outcome::Failed, "sent", format!("there is no folder {name}; there are {}", some(folders)));
                self.say(Outcome::Warning, "sent", "write one of them as `sent`, or sent = \"\" not to watch any");
            }
            (None, _) => {
                let what = format!("no folder is marked as the one for sent mail; there are {}", some(folders));
                self.say(Outcome::Warning, "sent", what);
                let todo = match guessed_sent(folders) {
                    Some(name) => {
                        format!("write sent = \"{name}\" if that is it; answers written there are not seen until then")
                    }
                    None => "write its name as `sent`, or sent = \"\"; answers written there are not seen until then"
                        .to_owned(),
                };
                self.say(Outcome::Warning, "sent", todo);
            }
        }
    }

    fn watched(&mut self, imap: &Imap, selected: &Selected) {
        let begin = match imap.start {
            _ if !self.is_new => "",
            Start::New => ", to be left alone",
            Start::All => ", to be taken in",
        };
        let after = match &imap.after {
            After::Keep => "left as they are".to_owned(),
            After::Seen => "marked as read once stored".to_owned(),
            After::Move(folder) => format!("moved to {folder} once stored"),
        };
        let how =
            if imap.idle { format!("IDLE, and every {} s", imap.poll_s) } else { format!("every {} s", imap.poll_s) };
        let text = format!(
            "{} will be watched ({how}): {} there now{begin}; letters are {after}",
            imap.folder, selected.exists
        );
        self.say(Outcome::Ok, "folder", text);
        if selected.uidvalidity.is_none() {
            let text = "the server gives no lasting UIDs (UIDVALIDITY): svar cannot read this folder safely";
            self.say(Outcome::Failed, "folder", text);
        }
    }
}
