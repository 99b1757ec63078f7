//! Folders: which there are, what they are for, what is in them.

use super::answer::{Code, Said};
use super::command::Command;
use super::wire::Session;
use super::{ImapError, utf7};
use crate::model::one_line;

/// What a folder is for (RFC 6154), as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Special {
    Sent,
    Junk,
    Drafts,
    Trash,
    Archive,
    All,
}

/// A folder of the account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Folder {
    /// As people read it: `Ärenden/Klart`.
    pub name: String,
    /// Between a folder and the folders in it.
    pub delimiter: Option<String>,
    pub special: Option<Special>,
    /// Some names only hold other folders.
    pub selectable: bool,
}

/// A folder that was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selected {
    /// `None`: the server keeps no UIDs over sessions, or does not say.
    pub uidvalidity: Option<u32>,
    pub uidnext: Option<u32>,
    pub exists: u32,
    pub read_only: bool,
    pub highestmodseq: Option<u64>,
}

impl Session {
    /// Every folder, sorted by name.
    pub async fn folders(&mut self) -> Result<Vec<Folder>, ImapError> {
        let mut found = self.list(Command::new("LIST").word("\"\" \"*\"")).await?;
        // Most servers name the uses unasked, some only when asked (RFC 6154, 2).
        let told = found.iter().any(|folder| folder.special.is_some());
        if !told && self.can("SPECIAL-USE") && self.can("LIST-EXTENDED") {
            found = self.list(Command::new("LIST").word("\"\" \"*\" RETURN (SPECIAL-USE)")).await?;
        }
        found.sort();
        Ok(found)
    }

    async fn list(&mut self, command: Command) -> Result<Vec<Folder>, ImapError> {
        let mut found = Vec::new();
        self.exec(command, |said| {
            if let Said::Folder(folder) = said {
                found.push(folder);
            }
        })
        .await?;
        Ok(found)
    }

    /// Opens a folder for reading and writing.
    pub async fn select(&mut self, folder: &str) -> Result<Selected, ImapError> {
        self.open(Command::new("SELECT"), folder).await
    }

    /// Opens a folder for reading only: nothing in it changes, not even `\Recent`.
    pub async fn examine(&mut self, folder: &str) -> Result<Selected, ImapError> {
        self.open(Command::new("EXAMINE"), folder).await
    }

    async fn open(&mut self, command: Command, folder: &str) -> Result<Selected, ImapError> {
        self.exists = 0;
        let mut selected = Selected::default();
        let mut sticky = true;
        let mut book = |selected: &mut Selected, code: Option<Code>| match code {
            Some(Code::ReadOnly) => selected.read_only = true,
            Some(Code::UidValidity(n)) => selected.uidvalidity = Some(n).filter(|&n| n > 0),
            Some(Code::UidNext(n)) => selected.uidnext = Some(n).filter(|&n| n > 0),
            Some(Code::HighestModSeq(n)) => selected.highestmodseq = Some(n),
            // RFC 4315: the same letter has another UID tomorrow.
            Some(Code::UidNotSticky) => sticky = false,
            _ => {}
        };
        let command = command.string(&utf7::encode(folder));
        let code = self
            .exec(command, |said| match said {
                Said::Exists(count) => selected.exists = count,
                Said::Remark(remark) => book(&mut selected, remark.code),
                _ => {}
            })
            .await?;
        book(&mut selected, code);
        selected.uidvalidity = selected.uidvalidity.filter(|_| sticky);
        self.exists = selected.exists;
        self.news = false;
        Ok(selected)
    }

    /// Makes a folder. One that is there already is refused by the server (`Refused`).
    pub async fn create(&mut self, folder: &str) -> Result<(), ImapError> {
        if one_line(folder) != folder || folder.is_empty() {
            return Err(ImapError::Protocol(format!("{folder:?} is no name for a folder")));
        }
        self.exec(Command::new("CREATE").string(&utf7::encode(folder)), |_| {}).await.map(drop)
    }
}
