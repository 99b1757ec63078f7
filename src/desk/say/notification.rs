//! What an agent gets when a customer has written: who, what, due when, what happened before, how to command.

use minijinja::context;
use serde::{Deserialize, Serialize};

use super::sheet::{Button, Sheet};
use super::{Page, Voice};
use crate::desk::commands::keyword;
use crate::model::{Address, Party, State, TicketNo, Time, one_line};
use crate::plan::{AttachmentRow, CallWish};

#[derive(Clone, Debug)]
pub struct NotificationFacts {
    pub number: TicketNo,
    /// The ticket's; `[#42]` is put before it.
    pub subject: String,
    pub reason: Reason,
    /// Who wrote; `None`: it cannot be told.
    pub author: Option<Party>,
    /// The mailbox's address, as the customer knows it.
    pub mailbox: Address,
    pub received_at: Time,
    pub due_at: Option<Time>,
    /// When the customer wants to be called: then that is when it is due.
    pub call: Option<CallWish>,
    /// What the agent must know before he answers, the most important first.
    pub remarks: Vec<Remark>,
    /// What the customer wrote this time.
    pub text: String,
    /// Who else gets the answer.
    pub copies: Vec<Party>,
    /// What goes along with this mail.
    pub attachments: Vec<AttachmentRow>,
    /// What was too big: name and size in bytes.
    pub left_out: Vec<(String, i64)>,
    /// What we answered last on this ticket, where the agent may not have seen it.
    pub last_answer: Option<LastAnswer>,
    /// This customer's earlier tickets in the agent's mailboxes, newest first; five are shown.
    pub history: Vec<TicketLine>,
    /// Open tickets that may be about the same; five are shown.
    pub related: Vec<TicketLine>,
    /// Answered tickets of anybody's that are most like this mail.
    pub alike: Vec<TicketLine>,
    /// Canned answers that are most like this mail.
    pub canned: Vec<CannedLine>,
    pub taps: Vec<Tap>,
}

/// Why this agent gets this mail now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// A matter that nobody has yet.
    New,
    /// A customer wrote again on an open, pending or held ticket.
    Again,
    /// A customer wrote on a closed ticket.
    Reopened,
    /// `warn_at` of the target or more is used up and nobody has answered; so much open time is left, in seconds.
    Warning { left_s: i64 },
    /// `#hold` has run out.
    HoldOver,
    /// A colleague (or the shell: `None`) gave it to the agent.
    Assigned { by: Option<String> },
    /// Something released from quarantine.
    Released,
}

/// What the agent must know before he answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Remark {
    /// Nothing proves that the mail comes from that address.
    Unverified,
    /// The mail says that it comes from our own address.
    OurOwnAddress,
    /// Where its sender wants the answer (Reply-To); nothing proves that it is hers.
    ReplyTo { addresses: Vec<String> },
    /// The same person, probably the same matter; `#merge` joins them.
    SameMatter(TicketNo),
    /// It names another ticket on which its sender takes no part.
    NamesTicket(TicketNo),
    /// It answers a ticket that was closed long ago.
    Continues(TicketNo),
    /// Our mail to a colleague came back; the agent gets it instead.
    CameBackFrom { colleague: String },
    /// The assignee is away or off duty.
    StandsInFor { colleague: String },
    /// Too big a mail: its attachments stayed in the mailbox.
    LeftInMailbox,
    /// The mail could not be read; the raw mail is attached or kept.
    Unreadable,
    /// A robot's mail on this ticket (an out-of-office reply, say).
    Robot,
    /// An answer of ours came back from these addresses.
    AnswerCameBack { addresses: Vec<String> },
    /// The sender writes on a ticket that was merged into this one.
    MergedFrom(TicketNo),
    /// A third party (`#ask`) has replied; the answer goes to the customer, not to him.
    ThirdParty,
    /// Filled in on a web site; how its writer is to be reached, and when he wants to be called: in his words, and as times.
    WebForm {
        name: String,
        has_address: bool,
        phone: Option<String>,
        wish: Option<String>,
        from: Option<Time>,
        until: Option<Time>,
    },
    /// The mail fits an incident of this name, and its customer was not told so.
    Incident { name: String },
    /// The customer replies to the incident's text.
    IncidentReplied { name: String },
    /// The incident is over, and its text is all that the customer has got.
    IncidentOver { name: String },
    /// The customer asks for a call, in her own words; where, and when, as far as that can be read.
    WantsCall { wish: String, phone: Option<String>, from: Option<Time>, until: Option<Time> },
    /// Other matters name the same order.
    SameOrder { order: String, matters: Vec<Matter> },
    /// A sentence of the caller's, in the reader's language.
    Other(String),
}

/// Another ticket; only who works in its mailbox hears of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matter {
    pub number: TicketNo,
    pub subject: String,
    pub mailbox: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastAnswer {
    /// The agent's name; `None`: not known.
    pub by: Option<String>,
    pub at: Time,
    pub text: String,
}

/// A canned answer that may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CannedLine {
    pub name: String,
    pub title: String,
    /// The address that answers this ticket, for a mail with the line in it. `None`: the agent writes it himself.
    pub to: Option<Address>,
}

/// One ticket in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketLine {
    pub number: TicketNo,
    /// When the customer last wrote, or when it was opened.
    pub at: Time,
    pub state: State,
    pub subject: String,
}

/// A one-tap command and the address signed for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tap {
    pub what: TapWord,
    pub to: Address,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TapWord {
    Take,
    Close,
    /// Needs no answer.
    Done,
    /// Held until tomorrow morning.
    HoldTomorrow,
    Spam,
    /// Joins it with the ticket of `Remark::SameMatter`.
    Merge,
    /// In a question: make it the customer's ticket.
    Yes,
    /// In a question: forget it.
    No,
}

/// The mail itself.
#[must_use]
pub fn notification(voice: &Voice<'_>, facts: &NotificationFacts) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    sheet.marker(&marker_sentence(voice, facts));
    sheet.say(&occasion(voice, facts));
    for remark in &facts.remarks {
        sheet.warn(&remark_words(voice, remark));
    }
    sheet.letter(&voice.text_or_none(&facts.text));
    if !facts.attachments.is_empty() {
        let files: Vec<String> = facts.attachments.iter().map(|a| file(voice, &a.name, a.size)).collect();
        sheet.small(&words.say("notification.attachments", context! { files => files.join(", ") }));
    }
    if !facts.left_out.is_empty() {
        let files: Vec<String> = facts.left_out.iter().map(|(name, size)| file(voice, name, *size)).collect();
        sheet.warn(&words.say("notification.left_out", context! { files => files.join(", ") }));
    }
    if !facts.copies.is_empty() {
        sheet.say(&words.say("notification.copies", context! { people => voice.people(&facts.copies) }));
    }
    let buttons: Vec<Button> =
        facts.taps.iter().map(|tap| tap_button(voice, &format!("[#{}]", facts.number), tap)).collect();
    sheet.buttons(&buttons);
    canned_answers(&mut sheet, voice, facts);
    if let Some(last) = &facts.last_answer {
        let when = voice.moment(last.at);
        let title = match &last.by {
            Some(by) => words.say("notification.last_answer", context! { by => one_line(by), when }),
            None => words.say("notification.last_answer_unsigned", context! { when }),
        };
        sheet.head(&title);
        sheet.excerpt(&last.text);
    }
    let lists = [
        ("notification.related", &facts.related),
        ("notification.history", &facts.history),
        ("notification.alike", &facts.alike),
    ];
    for (key, lines) in lists {
        if !lines.is_empty() {
            sheet.head(&words.word(key));
            sheet.rows(&lines.iter().take(LINES).map(|line| ticket_row(voice, line)).collect::<Vec<_>>());
        }
    }
    sheet.small(&words.word("notification.how"));
    sheet.button_list(&words.word("notification.taps_title"), &buttons);
    sheet.done(words.language(), super::subject::for_agent(facts.number, &facts.subject))
}

/// The lines that send a canned answer, and a mail with each of them in it.
fn canned_answers(sheet: &mut Sheet, voice: &Voice<'_>, facts: &NotificationFacts) {
    if facts.canned.is_empty() {
        return;
    }
    let words = voice.words();
    let line = |canned: &CannedLine| format!("#{} {}", keyword(words, "canned"), canned.name);
    sheet.head(&words.word("notification.canned"));
    sheet.rows(&facts.canned.iter().map(|c| vec![line(c), one_line(&c.title)]).collect::<Vec<_>>());
    let subject = super::subject::for_agent(facts.number, &facts.subject);
    let button = |c: &CannedLine| {
        Some(Button { to: c.to.as_ref()?.to_string(), subject: subject.clone(), body: line(c), label: line(c) })
    };
    sheet.buttons(&facts.canned.iter().filter_map(button).collect::<Vec<_>>());
}

/// How many tickets a list shows.
const LINES: usize = 5;

/// The display name of its sender: `Exempelbutiken (svara senast tors 14:30)`.
#[must_use]
pub fn sender_name(voice: &Voice<'_>, mailbox_name: &str, due_at: Option<Time>) -> String {
    let words = voice.words();
    let name = one_line(mailbox_name);
    match due_at {
        Some(at) => {
            let due = words.lasting_moment(at, voice.now, voice.zone);
            let key = if at < voice.now { "notification.sender_overdue" } else { "notification.sender" };
            words.say(key, context! { name, due })
        }
        None => name,
    }
}

/// `VILL BLI UPPRINGD i dag 14:00, 070-123 45 67.`
fn call_words(voice: &Voice<'_>, facts: &NotificationFacts) -> Option<String> {
    let words = voice.words();
    let wished = facts.remarks.iter().find_map(|r| match r {
        Remark::WantsCall { phone, from, until, .. } | Remark::WebForm { wish: Some(_), phone, from, until, .. } => {
            Some((phone.clone(), *from, *until))
        }
        _ => None,
    });
    let known = facts.call.as_ref().map(|c| (c.phone.clone(), Some(c.at), None));
    let (phone, from, until) = wished.or(known)?;
    let when = match (from, until) {
        (Some(from), Some(until)) => {
            let until = words.moment(until, until, voice.zone);
            format!("{}–{}", voice.moment(from), until.rsplit(' ').next().unwrap_or_default())
        }
        (Some(from), None) => voice.moment(from),
        (None, Some(until)) => words.say("notification.call_before", context! { until => voice.moment(until) }),
        (None, None) => String::new(),
    };
    let phone = phone.map(|p| super::sheet::shortened(&super::sheet::inert(&one_line(&p)), 40)).unwrap_or_default();
    let said = [when, phone].into_iter().filter(|w| !w.is_empty()).collect::<Vec<_>>().join(", ");
    Some(words.say("notification.call", context! { words => said }))
}

fn marker_sentence(voice: &Voice<'_>, facts: &NotificationFacts) -> String {
    let words = voice.words();
    let due_at = facts.due_at;
    if let Some(call) = call_words(voice, facts) {
        // Else the time would stand there twice.
        let key =
            if due_at.is_some_and(|at| at < voice.now) { "notification.marker_late" } else { "notification.marker" };
        return format!("{call} {}", words.word(key));
    }
    match due_at {
        Some(at) if at < voice.now => words.say("notification.marker_overdue", context! { due => voice.moment(at) }),
        Some(at) => words.say("notification.marker_due", context! { due => voice.moment(at) }),
        None => words.word("notification.marker"),
    }
}

/// Who wrote, when, and why this agent hears of it now.
fn occasion(voice: &Voice<'_>, facts: &NotificationFacts) -> String {
    let key = match facts.reason {
        Reason::New => "notification.new",
        Reason::Again => "notification.again",
        Reason::Reopened => "notification.reopened",
        Reason::Warning { left_s } if left_s <= 0 => "notification.warning_late",
        Reason::Warning { .. } => "notification.warning",
        Reason::HoldOver => "notification.hold_over",
        Reason::Assigned { .. } => "notification.assigned",
        Reason::Released => "notification.released",
    };
    let left = match &facts.reason {
        Reason::Warning { left_s } => voice.words().duration((*left_s).max(Time::MINUTE)),
        _ => String::new(),
    };
    let by = match &facts.reason {
        Reason::Assigned { by } => voice.colleague(by.as_ref()),
        _ => String::new(),
    };
    let who = voice.who(facts.author.as_ref());
    let when = voice.moment(facts.received_at);
    voice.words().say(key, context! { who, when, mailbox => facts.mailbox.as_str(), by, left })
}

fn remark_words(voice: &Voice<'_>, remark: &Remark) -> String {
    let words = voice.words();
    let about = |key: &str, number: &TicketNo| words.say(key, context! { number => number.0 });
    match remark {
        Remark::Unverified => words.word("remark.unverified"),
        Remark::OurOwnAddress => words.word("remark.our_own_address"),
        Remark::ReplyTo { addresses } => words.say("remark.reply_to", context! { addresses => words.list(addresses) }),
        Remark::SameMatter(number) => about("remark.same_matter", number),
        Remark::NamesTicket(number) => about("remark.names_ticket", number),
        Remark::Continues(number) => about("remark.continues", number),
        Remark::MergedFrom(number) => about("remark.merged_from", number),
        Remark::CameBackFrom { colleague } => {
            words.say("remark.came_back_from", context! { colleague => one_line(colleague) })
        }
        Remark::StandsInFor { colleague } => {
            words.say("remark.stands_in_for", context! { colleague => one_line(colleague) })
        }
        Remark::LeftInMailbox => words.word("remark.left_in_mailbox"),
        Remark::Unreadable => words.word("remark.unreadable"),
        Remark::Robot => words.word("remark.robot"),
        Remark::AnswerCameBack { addresses } => {
            let addresses: Vec<String> = addresses.iter().map(|a| one_line(a)).collect();
            words.say("remark.answer_came_back", context! { addresses => words.list(&addresses) })
        }
        Remark::ThirdParty => words.word("remark.third_party"),
        Remark::WebForm { name, has_address, phone, wish, from, until } => {
            let key = if *has_address { "remark.web_form" } else { "remark.web_form_no_address" };
            let mut said = vec![words.say(key, context! { name => one_line(name) })];
            if let Some(phone) = phone {
                said.push(words.say("remark.phone", context! { phone => one_line(phone) }));
            }
            if let Some(wish) = wish {
                let wish = one_line(wish);
                said.push(match (from, until) {
                    (None, None) => words.say("remark.call", context! { wish }),
                    (from, until) => {
                        let moment = |t: &Option<Time>| t.map(|t| voice.moment(t)).unwrap_or_default();
                        let (from, until) = (moment(from), moment(until));
                        words.say("remark.call_at", context! { wish, from, until })
                    }
                });
            }
            said.join(" ")
        }
        Remark::Incident { name } => words.say("remark.incident", context! { name => one_line(name) }),
        Remark::IncidentReplied { name } => words.say("remark.incident_replied", context! { name => one_line(name) }),
        Remark::IncidentOver { name } => words.say("remark.incident_over", context! { name => one_line(name) }),
        Remark::WantsCall { wish, .. } => {
            let wish = super::sheet::shortened(&super::sheet::inert(&one_line(wish)), 200);
            words.say("remark.wants_call", context! { wish })
        }
        Remark::SameOrder { order, matters } => {
            let named: Vec<String> = matters.iter().take(LINES).map(|m| voice.ticket(m.number, &m.subject)).collect();
            let order = super::sheet::shortened(&super::sheet::inert(&one_line(order)), 40);
            words.say("remark.same_order", context! { number => order, list => words.list(&named) })
        }
        Remark::Other(sentence) => one_line(sentence),
    }
}

fn file(voice: &Voice<'_>, name: &str, size_bytes: i64) -> String {
    format!("{} ({})", super::sheet::shortened(&one_line(name), 60), voice.words().size(size_bytes))
}

/// Number, state, day, subject; never text.
fn ticket_row(voice: &Voice<'_>, line: &TicketLine) -> Vec<String> {
    let words = voice.words();
    vec![
        format!("#{}", line.number),
        words.day(line.at, voice.now, voice.zone),
        words.state(line.state),
        voice.subject_or_none(&line.subject),
    ]
}

/// `title`: what the mail that opens is about, `[#42]` or a subject.
pub(super) fn tap_button(voice: &Voice<'_>, title: &str, tap: &Tap) -> Button {
    let words = voice.words();
    let label = words.word(match tap.what {
        TapWord::Take => "tap.take",
        TapWord::Close => "tap.close",
        TapWord::Done => "tap.done",
        TapWord::HoldTomorrow => "tap.hold_tomorrow",
        TapWord::Spam => "tap.spam",
        TapWord::Merge => "tap.merge",
        TapWord::Yes => "tap.yes",
        TapWord::No => "tap.no",
    });
    Button { to: tap.to.to_string(), subject: format!("{title} {label}"), body: words.word("tap.body"), label }
}
