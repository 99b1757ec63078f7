//! How agents' own domains have fared lately: SPF, DKIM and DMARC, as the mailbox's server has written them into mails on record.

use std::collections::{BTreeMap, BTreeSet};

use super::place::listed;
use super::{Outcome, Report};
use crate::config::settings::{Mailbox, Settings};
use crate::engine::desk_dir::DeskDir;
use crate::mail::authentication::verdict::{Verdict, verdict};
use crate::mail::letter::Letter;
use crate::mail::outline::outline;
use crate::mail::read::read;
use crate::store::{Role, Store};

/// So many letters are looked at, the newest ones.
const LETTERS: usize = 400;
/// Of each domain so many, the newest ones.
const OF_EACH: u32 = 20;
/// A header and the beginning of a text are enough.
const HEAD_BYTES: usize = 64 * 1024;

/// What became of a domain's mails.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Record {
    mails: u32,
    proved: u32,
    /// DMARC's result is there, and is no pass.
    failed: u32,
    /// `spf=fail`, `dkim=none` and the like, of those that failed.
    why: BTreeSet<String>,
    /// No results that count.
    silent: u32,
    /// Whose results stand topmost in those.
    other_ids: BTreeSet<String>,
}

impl Record {
    fn add(&mut self, letter: &Letter, verdict: &Verdict) {
        self.mails += 1;
        if verdict.proved.is_some() {
            self.proved += 1;
        } else if verdict.counted {
            self.failed += 1;
            let spf = verdict.spf.as_ref().map_or("no SPF".to_owned(), |s| format!("SPF {}", s.result));
            let dkim = verdict.dkim.first().map_or("no DKIM".to_owned(), |s| format!("DKIM {}", s.result));
            let dmarc = verdict.dmarc.as_ref().map_or("no DMARC".to_owned(), |d| format!("DMARC {d}"));
            self.why.insert(format!("{spf}, {dkim}, {dmarc}"));
        } else {
            self.silent += 1;
            let topmost = letter.authentication.first().map(|a| a.authserv_id.clone());
            self.other_ids.extend(topmost.map(|id| if id.is_empty() { "microsoft365".to_owned() } else { id }));
        }
    }

    /// What is wrong and what to do, or that nothing is.
    fn told(&self, domain: &str, trusted: Option<&str>) -> Vec<(Outcome, String)> {
        let mails = if self.mails == 1 { "mail".to_owned() } else { format!("{} mails", self.mails) };
        let trusted_id = trusted.unwrap_or_default();
        if self.failed > 0 {
            let why: Vec<&str> = self.why.iter().map(String::as_str).collect();
            return vec![
                (
                    Outcome::Warning,
                    format!(
                        "{} of the last {mails} from {domain} did not prove its sender: {}",
                        self.failed,
                        why.join("; ")
                    ),
                ),
                (
                    Outcome::Warning,
                    format!(
                        "set up SPF, DKIM and DMARC for {domain} where its mail and its DNS are: answers from there are held until then"
                    ),
                ),
            ];
        }
        if self.silent > 0 {
            let ids: Vec<&str> = self.other_ids.iter().map(String::as_str).collect();
            let what = match trusted {
                Some(id) => format!("{} of the last {mails} from {domain} bear no results of {id}", self.silent),
                None => format!(
                    "the last {mails} from {domain}: no results are believed, as trusted_authserv_id is not set"
                ),
            };
            let todo = match ids.as_slice() {
                [] => "the mail server writes no Authentication-Results: have whoever runs it turn that on".to_owned(),
                [id] if *id != trusted_id => format!(
                    "results by {id} stand there: if that is your own server, write trusted_authserv_id = \"{id}\""
                ),
                ids => {
                    format!("results by {} stand there: write your own server's as trusted_authserv_id", listed(ids))
                }
            };
            return vec![(Outcome::Warning, what), (Outcome::Warning, todo)];
        }
        vec![(Outcome::Ok, format!("the last {mails} from {domain} proved their sender"))]
    }
}

impl Report {
    /// Says nothing of a new desk, nor of domains from which nothing came.
    pub(super) fn senders(&mut self, settings: &Settings, mailbox: &Mailbox) {
        let agents = settings.agents.iter().filter(|a| a.mailboxes.contains(&mailbox.name));
        let domains: BTreeSet<String> = agents.flat_map(|a| &a.addresses).map(|a| a.domain().to_owned()).collect();
        let database = DeskDir::at(&settings.desk.data_dir).database();
        if domains.is_empty() || !database.exists() {
            return;
        }
        match records(&database, mailbox, &domains) {
            Ok(records) => {
                for (domain, record) in records {
                    for (outcome, text) in record.told(&domain, mailbox.trusted_authserv_id.as_deref()) {
                        self.say(outcome, "agents", text);
                    }
                }
            }
            Err(error) => self.say(Outcome::Warning, "agents", format!("mails on record cannot be looked at: {error}")),
        }
    }
}

fn records(
    database: &std::path::Path,
    mailbox: &Mailbox,
    domains: &BTreeSet<String>,
) -> Result<BTreeMap<String, Record>, crate::store::StoreError> {
    let mut store = Store::open(database, Role::Reader)?;
    let letters = store.read(|tx| tx.newest_letters(LETTERS))?;
    let mut records: BTreeMap<String, Record> = BTreeMap::new();
    for (no, _) in letters.into_iter().filter(|(_, name)| *name == mailbox.name) {
        // One that was erased meanwhile is none.
        let Ok(raw) = store.read(|tx| tx.raw(no)) else { continue };
        let head = &raw[..raw.len().min(HEAD_BYTES)];
        let Some(from) = outline(head).from.filter(|from| domains.contains(from.domain())) else { continue };
        let letter = read(head);
        // What stands in Sent was written here, and went through no server's hands.
        if letter.received.is_empty() {
            continue;
        }
        let record = records.entry(from.domain().to_owned()).or_default();
        if record.mails < OF_EACH {
            record.add(&letter, &verdict(&letter, mailbox.trusted_authserv_id.as_deref().unwrap_or_default()));
        }
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mails of an agent's with these results; what is said of his domain.
    fn check(trusted: Option<&str>, results: &[&str], expect: &[(Outcome, &str)]) {
        let mut record = Record::default();
        for result in results {
            let result =
                if result.is_empty() { String::new() } else { format!("Authentication-Results: {result}\r\n") };
            let raw = format!(
                "{result}Received: from out.a.test (out.a.test [192.0.2.1]) by mx.shop.test with ESMTPS; Mon, 16 Nov 2026 08:00:00 +0000\r\nFrom: Anna <anna@a.test>\r\nSubject: x\r\n\r\nx\r\n"
            );
            let letter = read(raw.as_bytes());
            record.add(&letter, &verdict(&letter, trusted.unwrap_or_default()));
        }
        let told = record.told("a.test", trusted);
        assert_eq!(told.len(), expect.len(), "{told:?}");
        for ((outcome, text), (wanted, says)) in told.iter().zip(expect) {
            assert!(outcome == wanted && text.contains(says), "{says:?} is not in {told:?}");
        }
    }

    const PASS: &str =
        "mx.shop.test; spf=pass smtp.mailfrom=a.test; dkim=pass header.d=a.test; dmarc=pass header.from=a.test";
    const FAIL: &str = "mx.shop.test; spf=softfail smtp.mailfrom=a.test; dkim=none; dmarc=fail header.from=a.test";

    #[test]
    fn what_is_said_of_a_domain() {
        use Outcome::{Ok, Warning};
        let trusted = Some("mx.shop.test");
        check(trusted, &[PASS, PASS], &[(Ok, "the last 2 mails from a.test proved their sender")]);
        check(
            trusted,
            &[PASS, FAIL],
            &[
                (
                    Warning,
                    "1 of the last 2 mails from a.test did not prove its sender: SPF softfail, DKIM none, DMARC fail",
                ),
                (Warning, "SPF, DKIM and DMARC for a.test"),
            ],
        );
        check(
            Some("mx.other.test"),
            &[PASS],
            &[(Warning, "bear no results of mx.other.test"), (Warning, "trusted_authserv_id = \"mx.shop.test\"")],
        );
        check(
            None,
            &[PASS],
            &[(Warning, "trusted_authserv_id is not set"), (Warning, "trusted_authserv_id = \"mx.shop.test\"")],
        );
        check(trusted, &[""], &[(Warning, "bear no results"), (Warning, "writes no Authentication-Results")]);
    }
}
