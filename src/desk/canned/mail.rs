//! Mails in the folder of canned answers: the subject is the name, the text is the answer.

use super::flaw::{Flaw, FlawKind};
use super::library::{Canned, of_file};
use crate::desk::case::Staff;
use crate::desk::commands::plain::{fold, plain};
use crate::desk::intake::Incoming;
use crate::desk::say::canned::{Broken, broken};
use crate::desk::vouch::vouch;
use crate::mail::letter::{Letter, ReturnPath};
use crate::model::{Address, one_line};
use crate::plan::canned::{CannedVersion, Origin, Standing};
use crate::plan::{Change, Fate, Folder};
use crate::wording::Wording;

impl Incoming<'_> {
    /// A mail in the folder of canned answers.
    pub fn canned_mail(&mut self) -> bool {
        if self.env.folder != Folder::Answers {
            return false;
        }
        let from = self.letter.from.as_ref().map(|p| p.address.clone());
        let staff = from.as_ref().and_then(|a| self.case.rules.staff(a));
        // What somebody has released by hand is vouched for by him.
        if self.env.released.is_none() && !self.is_ours_in_folder(from.as_ref(), staff.as_ref()) {
            self.quarantine("canned-from-outside: it lies among the canned answers, but was not written by us");
            return true;
        }
        let Some((name, language)) = of_file(&format!("{}.md", one_line(&self.letter.subject))) else {
            self.canned_is_broken(staff.as_ref(), &[Flaw { line: 1, kind: FlawKind::BadName }], false);
            self.settle(Fate::Done("a canned answer without a name"));
            return true;
        };
        let text = text_of(self.letter);
        let language = language.unwrap_or_default();
        let title = title_of(&self.letter.subject);
        let read = Canned::untitled(&name, Some(&language), &title, &text);
        let standing = match &read {
            _ if says_drop(&text) => Standing::Gone,
            Ok(_) => Standing::Good,
            Err(_) => Standing::Broken,
        };
        if let (Err(flaws), Standing::Broken) = (&read, standing) {
            let in_use = self.case.rules.library.has(&name, &language);
            self.canned_is_broken(staff.as_ref(), flaws, in_use);
        }
        self.case.change(Change::KeepCanned(Box::new(CannedVersion {
            origin: Origin::Mail,
            name,
            language,
            standing,
            at: self.env.received_at,
            author: from,
            letter: Some(self.env.letter),
            title,
            text,
        })));
        self.settle(Fate::Done(match standing {
            Standing::Good => "a canned answer",
            Standing::Broken => "a canned answer that is broken",
            Standing::Gone => "a canned answer that is taken away",
        }));
        true
    }

    /// Written in this mailbox by one of us; or delivered here, and proved to be one of us.
    fn is_ours_in_folder(&self, from: Option<&Address>, staff: Option<&Staff<'_>>) -> bool {
        let delivered = self.letter.return_path != ReturnPath::Absent
            || !self.letter.delivered_to.is_empty()
            || !self.letter.received.is_empty();
        let own = from.is_some_and(|a| self.mailbox.is_addressed_by(a));
        match staff {
            Some(staff) if delivered => vouch(self.letter, self.mailbox, staff.addresses).is_proved(),
            Some(_) => self.letter.from_is_single,
            None => own && !delivered && self.letter.from_is_single,
        }
    }

    fn canned_is_broken(&mut self, author: Option<&Staff<'_>>, flaws: &[Flaw], in_use: bool) {
        let Some(author) = author else { return };
        let voice = self.case.inside_voice();
        let words = Wording::of(voice.language);
        let name = one_line(&self.letter.subject);
        let lines = flaws.iter().map(|f| (f.line, f.say(words))).collect();
        let page = broken(&voice, &[Broken { name, lines, in_use }]);
        self.case.tell(self.mailbox, author, page, None, None);
    }
}

/// The text without what stands below a signature's mark (RFC 3676, 4.3).
fn text_of(letter: &Letter) -> String {
    let lines = letter.text.lines().take_while(|l| !matches!(*l, "-- " | "--"));
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// The subject without the language behind it.
fn title_of(subject: &str) -> String {
    let subject = one_line(subject);
    match subject.rsplit_once('.') {
        Some((title, language)) if (2..=3).contains(&language.len()) && !title.trim().is_empty() => {
            title.trim().to_owned()
        }
        _ => subject,
    }
}

/// `#drop` and nothing else.
fn says_drop(text: &str) -> bool {
    let line = plain(text);
    line.strip_prefix('#').is_some_and(|w| Wording::in_all_languages("keyword.drop").any(|k| fold(k) == fold(w)))
}
