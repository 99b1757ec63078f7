//! The settings as checked: what the rest of the house reads. Nothing here is optional that has a default.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::mail::form::Form;
use crate::mail::pattern::Pattern;
use crate::mail::shipment::Carrier;
use crate::model::{Address, Priority};
use crate::net::{Account, Secret};
use crate::sla::calendar::Calendar;
use crate::sla::clock::Targets;

#[derive(Clone, Debug)]
pub struct Settings {
    pub desk: Desk,
    pub mailboxes: Vec<Mailbox>,
    pub agents: Vec<Agent>,
    pub managers: Vec<Manager>,
    pub calendars: BTreeMap<String, Calendar>,
    pub slas: BTreeMap<String, Sla>,
    pub acknowledge: Acknowledge,
    /// Where a monitoring system's collector finds our state; `[metrics] path`.
    pub metrics_path: Option<PathBuf>,
    pub answers: Answers,
    pub limits: Limits,
    pub digest: Digest,
    /// Web forms; the first that speaks of a mail reads it.
    pub forms: Vec<Form>,
    pub senders: Vec<SenderRule>,
    pub tags: Vec<TagRule>,
    pub notices: Vec<Notice>,
    /// `[mystery]`: test customers, kept out of the ordinary figures.
    pub mystery: BTreeSet<Address>,
    /// SHA-256 of the file's text, hexadecimal: so that the CLI can say that the daemon runs with another one.
    pub fingerprint: String,
}

#[derive(Clone, Debug)]
pub struct Desk {
    pub name: String,
    /// `sv`, `en` …: a file of `src/lang/`.
    pub language: String,
    pub time_zone: jiff::tz::TimeZone,
    pub time_zone_name: String,
    pub data_dir: PathBuf,
    /// A reply to a ticket closed longer ago opens a new, linked one. Seconds; `[desk] reopen_within`, default 14 days.
    pub reopen_within_s: i64,
    /// An agent's answer waits so long for a `#stop` before it leaves. Seconds; `[desk] undo`, default 0.
    pub undo_s: i64,
}

#[derive(Clone, Debug)]
pub struct Mailbox {
    pub name: String,
    pub address: Address,
    pub aliases: Vec<Address>,
    pub display_name: String,
    /// Default: the desk's.
    pub language: String,
    pub mode: Mode,
    pub notify: Notify,
    /// Default: `address`.
    pub notify_from: Address,
    /// A template; default `{{ agent.first_name }}, {{ desk.name }}`.
    pub sender_name: String,
    /// The text of the signature file (Markdown), read when the configuration is.
    pub signature: Option<String>,
    /// A name in `calendars`; where the configuration names none, a calendar that is always open stands there.
    pub calendar: String,
    /// A name in `slas`; a default one (1 h, 1 h, 24 h) stands there where the configuration names none.
    pub sla: String,
    pub plus_addressing: bool,
    /// Lists (RFC 2919) that are this mailbox: a group whose members get its mail. Mail through them is their writers', no list's.
    pub list_ids: Vec<String>,
    pub trusted_authserv_id: Option<String>,
    pub submission_is_private: bool,
    pub mark_answered: bool,
    /// A mail that only thanks is a message like any other: it reopens, starts a clock and is told.
    pub thanks_count: bool,
    /// Closed tickets whose last message is older are erased.
    pub retention: Option<Retention>,
    /// Mails to itself, to see that mail goes out and comes in; see [`Mailbox::beats`].
    pub heartbeat: Option<Heartbeat>,
    pub source: Inlet,
    pub outlet: Outlet,
    /// Another account for mail to agents and managers.
    pub notify_outlet: Option<Outlet>,
}

/// `[mailbox.heartbeat]`, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    pub every_s: i64,
    /// Managers are told of one that has not come back within so long.
    pub within_s: i64,
}

/// How long closed tickets are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    pub seconds: i64,
    /// As it stands in the configuration.
    pub written: String,
}

impl Mailbox {
    /// The mailbox's address or one of its aliases, whatever the detail after `+`.
    #[must_use]
    pub fn is_addressed_by(&self, address: &Address) -> bool {
        let plain = address.plain();
        [&self.address, &self.notify_from].into_iter().chain(&self.aliases).any(|a| *a == plain || a == address)
    }

    /// The heartbeat that is sent: none from a mailbox that only watches.
    #[must_use]
    pub fn beats(&self) -> Option<Heartbeat> {
        self.heartbeat.filter(|_| self.mode == Mode::Desk)
    }

    /// Whether a `List-Id` is this mailbox's own: one of `list_ids`, or an address of it with a dot for the `@`, as groups of
    /// Google write it, or as it is, as they did before.
    #[must_use]
    pub fn is_own_list(&self, list_id: &str) -> bool {
        let dotted =
            |a: &Address| list_id.strip_prefix(a.local()).and_then(|r| r.strip_prefix(['.', '@'])) == Some(a.domain());
        self.list_ids.iter().any(|l| l.eq_ignore_ascii_case(list_id))
            || std::iter::once(&self.address).chain(&self.aliases).any(dotted)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Desk,
    /// Reads and measures; nothing is sent but to managers.
    Watch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notify {
    /// One agent on duty at a time.
    Turn,
    All,
    /// They work in the shared mailbox.
    None,
}

/// Where a mailbox's mail comes from.
#[derive(Clone, Debug)]
pub enum Inlet {
    Imap(Imap),
    Maildir {
        path: PathBuf,
        after: After,
    },
    /// `svar deliver` alone.
    Pipe,
}

#[derive(Clone, Debug)]
pub struct Imap {
    pub account: Account,
    pub folder: String,
    pub sent: SentFolder,
    pub start: Start,
    pub poll_s: u64,
    pub idle: bool,
    pub after: After,
    pub sent_copies: SentCopies,
}

/// Who puts copies of what svar sends into Sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SentCopies {
    /// The server where its provider is known to do it; else svar, unless the copy is there already.
    Auto,
    /// Svar, unless the copy is there already.
    Append,
    Never,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SentFolder {
    /// The folder that the server marks with `\Sent`.
    Auto,
    Named(String),
    Unwatched,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// What is already there at first sight is left alone.
    New,
    All,
}

/// What happens to a mail once it is in custody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum After {
    Keep,
    Seen,
    Move(String),
}

/// Where a mailbox's mail goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outlet {
    Smtp {
        account: Account,
        null_sender: NullSender,
    },
    Outdir {
        path: PathBuf,
    },
    Sendmail {
        command: Vec<String>,
    },
    /// `mode = "watch"` without a way out.
    Nowhere,
}

/// Whether automatic mail goes with an empty envelope sender (RFC 3834, 3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NullSender {
    /// Unless the server refuses it.
    Auto,
    Always,
    /// A signed bounce address instead.
    Never,
}

#[derive(Clone, Debug)]
pub struct Agent {
    pub name: String,
    /// The first gets mail, all are accepted.
    pub addresses: Vec<Address>,
    /// Names of mailboxes.
    pub mailboxes: Vec<String>,
    /// A name in `calendars`; `None`: the mailbox's.
    pub hours: Option<String>,
}

impl Agent {
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.addresses[0]
    }

    #[must_use]
    pub fn first_name(&self) -> &str {
        self.name.split_whitespace().next().unwrap_or(&self.name)
    }
}

#[derive(Clone, Debug)]
pub struct Manager {
    pub name: String,
    pub addresses: Vec<Address>,
    /// Names of mailboxes; default all.
    pub mailboxes: Vec<String>,
    /// `daily`, `weekly`, `monthly`
    pub digests: Vec<String>,
    /// Where he reads them; default the desk's.
    pub time_zone: Option<jiff::tz::TimeZone>,
}

/// Targets in seconds of open time.
#[derive(Clone, Debug)]
pub struct Sla {
    pub first_response_s: i64,
    pub next_response_s: i64,
    pub resolution_s: i64,
    /// Name and upper limit, ascending; above the last is `miss`.
    pub bands: Vec<(String, i64)>,
    /// Of the target, 0 to 1.
    pub warn_at: f64,
    pub warned: Vec<String>,
    pub escalate_to: Vec<Address>,
    /// Calendar seconds; `None`: never.
    pub close_pending_s: Option<i64>,
}

impl Sla {
    /// What the clocks need of it.
    #[must_use]
    pub fn targets(&self) -> Targets {
        Targets {
            first_response_s: self.first_response_s,
            next_response_s: self.next_response_s,
            resolution_s: self.resolution_s,
            bands: self.bands.clone(),
        }
    }
}

#[derive(Clone, Debug)]
pub struct Acknowledge {
    pub when: AcknowledgeWhen,
    /// When an answer can be expected, by language (`[acknowledge.expect] sv = "…"`); else the language file's own sentence.
    pub expect: BTreeMap<String, String>,
    /// Says by when an answer comes, where recent answers show that it will.
    pub promise: bool,
    /// The customer is told once that a promise will not be kept.
    pub late_note: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcknowledgeWhen {
    Always,
    /// Outside opening hours only.
    Closed,
    Never,
}

/// Canned answers.
#[derive(Clone, Debug)]
pub struct Answers {
    /// One a file.
    pub dir: Option<PathBuf>,
    /// One a mail.
    pub folder: Option<AnswersFolder>,
    /// What a customer's order number looks like.
    pub order: Option<regex::Regex>,
    /// Discount codes, one a line.
    pub codes: Option<PathBuf>,
    /// A manager is told when no more codes than that are left.
    pub codes_few: i64,
    pub carriers: Vec<Carrier>,
}

/// A folder of a mailbox with one canned answer a mail; the subject is its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswersFolder {
    /// The mailbox's name.
    pub mailbox: String,
    pub folder: String,
}

#[derive(Clone, Debug)]
pub struct Limits {
    pub auto_per_address_per_day: i64,
    pub auto_per_hour: i64,
    /// 0: no limit; `None`: what the mailbox's provider allows, see [`crate::config::pace`].
    pub mail_per_minute: Option<i64>,
    pub mail_per_day: Option<i64>,
    pub gather_s: i64,
    pub message_size_bytes: u64,
    /// Above it attachments of a notification are named, not sent. `[limits] attachments_up_to`, default 10 MB.
    pub attachments_up_to_bytes: u64,
    /// An undeliverable mail is given up after so long. `[limits] retry_for`, default 4 days.
    pub retry_for_s: i64,
}

#[derive(Clone, Debug)]
pub struct Digest {
    /// `None`: never.
    pub daily: Option<DigestAt>,
    pub weekly: Option<DigestAt>,
    pub monthly: Option<DigestAt>,
    pub by_agent: ByAgent,
}

/// When a digest is made, in the manager's zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DigestAt {
    /// 1 to 7 from Monday for the weekly one, 1 to 31 for the monthly one (31: the last day of any month); 0 for the daily one.
    pub day: i8,
    /// Of the day.
    pub minute: i16,
}

/// What digests say of persons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByAgent {
    /// How many answers.
    Counts,
    /// How fast, too.
    Full,
    /// Nothing.
    None,
}

#[derive(Clone, Debug)]
pub struct SenderRule {
    /// `*@klarna.example`; `*` stands for anything.
    pub pattern: String,
    pub taken_for: TakenFor,
    pub scope: Scope,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakenFor {
    Person,
    Robot,
    Ignore,
}

#[derive(Clone, Debug)]
pub struct TagRule {
    pub name: String,
    pub pattern: Pattern,
    pub scope: Scope,
}

/// The mailboxes of which a rule speaks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope(
    /// Their names.
    pub Vec<String>,
);

impl Scope {
    #[must_use]
    pub fn holds(&self, mailbox: &str) -> bool {
        self.0.iter().any(|m| m == mailbox)
    }
}

#[derive(Clone, Debug)]
pub struct Notice {
    pub text: String,
    /// The first day, in the desk's zone; `None`: from the beginning.
    pub from: Option<jiff::civil::Date>,
    /// The last day, in the desk's zone.
    pub until: jiff::civil::Date,
    /// `sv`, `en` …: it stands in mails of this language alone; `None`: in all.
    pub language: Option<String>,
    pub scope: Scope,
}

impl Notice {
    /// Whether it stands in a mail.
    #[must_use]
    pub fn stands(&self, mailbox: &str, language: &str, today: jiff::civil::Date) -> bool {
        self.is_current(today) && self.scope.holds(mailbox) && self.language.as_ref().is_none_or(|l| l == language)
    }

    /// Whether today is one of its days.
    #[must_use]
    pub fn is_current(&self, today: jiff::civil::Date) -> bool {
        self.until >= today && self.from.is_none_or(|from| from <= today)
    }
}

impl Settings {
    #[must_use]
    pub fn mailbox(&self, name: &str) -> Option<&Mailbox> {
        self.mailboxes.iter().find(|m| m.name == name)
    }

    /// The mailbox that `address` belongs to, detail or not.
    #[must_use]
    pub fn mailbox_of(&self, address: &Address) -> Option<&Mailbox> {
        self.mailboxes.iter().find(|m| m.is_addressed_by(address))
    }

    #[must_use]
    pub fn agent_of(&self, address: &Address) -> Option<&Agent> {
        self.agents.iter().find(|a| a.addresses.contains(address))
    }

    #[must_use]
    pub fn manager_of(&self, address: &Address) -> Option<&Manager> {
        self.managers.iter().find(|m| m.addresses.contains(address))
    }

    /// Whether it is an address of the configuration: a mailbox's, an agent's or a manager's.
    #[must_use]
    pub fn is_us(&self, address: &Address) -> bool {
        self.mailbox_of(address).is_some() || self.agent_of(address).is_some() || self.manager_of(address).is_some()
    }

    /// The SLA of a ticket: `[sla.high]` for high priority if there is one, else the mailbox's.
    #[must_use]
    pub fn sla_of(&self, mailbox: &Mailbox, priority: Priority) -> Option<&Sla> {
        let special = if priority == Priority::Normal { None } else { self.slas.get(priority.as_str()) };
        special.or_else(|| self.slas.get(&mailbox.sla))
    }

    #[must_use]
    pub fn calendar_of(&self, mailbox: &Mailbox) -> Option<&Calendar> {
        self.calendars.get(&mailbox.calendar)
    }

    /// The hours of an agent for a mailbox.
    #[must_use]
    pub fn hours_of(&self, agent: &Agent, mailbox: &Mailbox) -> Option<&Calendar> {
        self.calendars.get(agent.hours.as_ref().unwrap_or(&mailbox.calendar))
    }

    /// A secret that some part needs, for `check`.
    #[must_use]
    pub fn secrets(&self) -> Vec<&Secret> {
        let outlets = self.mailboxes.iter().flat_map(|m| std::iter::once(&m.outlet).chain(&m.notify_outlet));
        let out = outlets.filter_map(|o| match o {
            Outlet::Smtp { account, .. } => Some(account),
            _ => None,
        });
        let ins = self.mailboxes.iter().filter_map(|m| match &m.source {
            Inlet::Imap(i) => Some(&i.account),
            _ => None,
        });
        ins.chain(out).filter_map(Account::secret).collect()
    }
}
