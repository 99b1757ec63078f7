//! To an agent: his answer has not left, why, and how it would look. `#send` in reply lets it go.

use minijinja::context;

use super::sheet::Sheet;
use super::{Page, Voice};
use crate::model::{Party, TicketNo, Time, one_line};

#[derive(Clone, Debug)]
pub struct HeldFacts {
    pub number: TicketNo,
    /// The ticket's.
    pub subject: String,
    /// The gravest first.
    pub why: Vec<HeldWhy>,
    /// Who would get it.
    pub to: Vec<Party>,
    /// The text as the customer would see it, signature included.
    pub text: String,
    /// The names of what would go along.
    pub attachments: Vec<String>,
    /// The commands that would be done with it, as written.
    pub commands: Vec<String>,
    pub expires_at: Time,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeldWhy {
    /// Where the agent's text ends and our notification begins cannot be told.
    EndUncertain,
    /// A signed address from the client's memory: the mail answers nothing of that ticket.
    StaleAddress,
    /// The signed address was made before the desk was restored from a backup.
    OldAddress,
    /// A colleague's answer is newer than the mail that was answered.
    ColleagueAnswered { by: Option<String>, at: Time, text: String },
    /// The customer wrote again after the mail that was answered.
    CustomerWrote { at: Time, text: String },
    /// It holds something that customers must not see; what, as found in the text.
    Leak { found: String },
    /// It holds words of a note; these.
    FromNote { found: String },
    /// It went to colleagues as well.
    BetweenColleagues { people: Vec<String> },
    /// A line further down is exactly a command.
    CommandInText { line: String },
    /// The ticket has become another's, was merged, or is closed as spam since.
    TicketChanged { now: TicketNo },
    /// Somebody else would get it than was shown.
    RecipientsChanged,
    /// `#merge` of two customers' tickets.
    OtherCustomer { other: TicketNo },
    /// A sentence of the caller's, in the reader's language.
    Other(String),
}

/// The mail to the agent. The table of commands is shown where a command in the text is the reason.
#[must_use]
pub fn held(voice: &Voice<'_>, facts: &HeldFacts) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    let ticket = voice.ticket(facts.number, &facts.subject);
    sheet.say(&words.say("held.intro", context! { ticket }));
    for reason in &facts.why {
        why(voice, &mut sheet, reason);
    }
    let until = voice.moment(facts.expires_at);
    sheet.say(&words.say("held.how", context! { until }));
    if !facts.commands.is_empty() {
        let commands: Vec<String> = facts.commands.iter().map(|c| one_line(c)).collect();
        sheet.say(&words.say("held.commands", context! { commands => commands.join(", ") }));
    }
    let commands_alone = facts.text.is_empty() && facts.attachments.is_empty() && !facts.commands.is_empty();
    if !commands_alone {
        if facts.to.is_empty() {
            sheet.head(&words.word("held.to_nobody"));
        } else {
            sheet.head(&words.say("held.to", context! { people => voice.people(&facts.to) }));
        }
        sheet.excerpt(&voice.text_or_none(&facts.text));
    }
    if !facts.attachments.is_empty() {
        let files: Vec<String> = facts.attachments.iter().map(|a| one_line(a)).collect();
        sheet.small(&words.say("held.attachments", context! { files => files.join(", ") }));
    }
    if facts.why.iter().any(|w| matches!(w, HeldWhy::CommandInText { .. })) {
        super::refused::list(voice, &mut sheet);
    }
    let subject = super::subject::for_agent(facts.number, &facts.subject);
    sheet.done(words.language(), words.say("held.subject", context! { subject }))
}

fn why(voice: &Voice<'_>, sheet: &mut Sheet, why: &HeldWhy) {
    let words = voice.words();
    match why {
        HeldWhy::EndUncertain => sheet.warn(&words.word("held.end_uncertain")),
        HeldWhy::StaleAddress => sheet.warn(&words.word("held.stale_address")),
        HeldWhy::OldAddress => sheet.warn(&words.word("held.old_address")),
        HeldWhy::ColleagueAnswered { by, at, text } => {
            let by = voice.colleague(by.as_ref());
            sheet.warn(&words.say("held.colleague_answered", context! { by, when => voice.moment(*at) }));
            sheet.excerpt(&voice.text_or_none(text));
        }
        HeldWhy::CustomerWrote { at, text } => {
            sheet.warn(&words.say("held.customer_wrote", context! { when => voice.moment(*at) }));
            sheet.excerpt(&voice.text_or_none(text));
        }
        HeldWhy::Leak { found } => sheet.warn(&words.say("held.leak", context! { found => one_line(found) })),
        HeldWhy::FromNote { found } => {
            sheet.warn(&words.say("held.from_note", context! { found => one_line(found) }));
        }
        HeldWhy::BetweenColleagues { people } => {
            sheet.warn(&words.say("held.between_colleagues", context! { people => words.list(people) }));
        }
        HeldWhy::CommandInText { line } => {
            sheet.warn(&words.say("held.command_in_text", context! { line => one_line(line) }));
        }
        HeldWhy::TicketChanged { now } => sheet.warn(&words.say("held.ticket_changed", context! { number => now.0 })),
        HeldWhy::RecipientsChanged => sheet.warn(&words.word("held.recipients_changed")),
        HeldWhy::OtherCustomer { other } => {
            sheet.warn(&words.say("held.other_customer", context! { number => other.0 }));
        }
        HeldWhy::Other(sentence) => sheet.warn(&one_line(sentence)),
    }
}
