//! To an agent: his answer did not arrive, who did not get it, and the server's own words.

use minijinja::context;

use super::sheet::Sheet;
use super::{Page, Voice};
use crate::model::{Address, TicketNo, Time, one_line};

#[derive(Clone, Debug)]
pub struct UndeliverableFacts {
    pub number: TicketNo,
    /// The ticket's.
    pub subject: String,
    pub how: FailedHow,
    /// Who did not get it, with the server's words.
    pub recipients: Vec<(Address, String)>,
    /// Who did.
    pub delivered: Vec<Address>,
    pub written_at: Time,
    /// What he wrote.
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailedHow {
    /// 5xx, at once.
    Refused,
    /// 4xx for so long.
    GivenUp { after_s: i64 },
}

#[must_use]
pub fn undeliverable(voice: &Voice<'_>, facts: &UndeliverableFacts) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    let ticket = voice.ticket(facts.number, &facts.subject);
    let when = voice.moment(facts.written_at);
    sheet.say(&match facts.how {
        FailedHow::Refused => words.say("undeliverable.refused", context! { ticket, when }),
        FailedHow::GivenUp { after_s } => {
            words.say("undeliverable.given_up", context! { ticket, when, duration => words.duration(after_s) })
        }
    });
    for (address, said) in &facts.recipients {
        let said = one_line(said);
        sheet.warn(&words.say("undeliverable.recipient", context! { address => address.as_str(), words => said }));
    }
    if !facts.delivered.is_empty() {
        let people: Vec<String> = facts.delivered.iter().map(ToString::to_string).collect();
        sheet.say(&words.say("undeliverable.delivered", context! { people => words.list(&people) }));
    }
    sheet.say(&words.word("undeliverable.next"));
    sheet.head(&words.word("undeliverable.text"));
    sheet.excerpt(&voice.text_or_none(&facts.text));
    let subject = super::subject::for_agent(facts.number, &facts.subject);
    sheet.done(words.language(), words.say("undeliverable.subject", context! { subject }))
}

#[derive(Clone, Debug)]
pub struct CameBackFacts {
    pub number: TicketNo,
    /// The ticket's.
    pub subject: String,
    pub recipients: Vec<CameBackFrom>,
    /// What the customer should have got, where it is on record.
    pub text: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CameBackFrom {
    pub address: String,
    /// RFC 3463, such as `5.1.1`.
    pub status: Option<String>,
    /// The server's words.
    pub diagnostic: Option<String>,
}

/// A bounce of an answer; the ticket is open again.
#[must_use]
pub fn came_back(voice: &Voice<'_>, facts: &CameBackFacts) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    sheet.say(&words.say("came_back.intro", context! { ticket => voice.ticket(facts.number, &facts.subject) }));
    for recipient in &facts.recipients {
        let address = one_line(&recipient.address);
        let said = [&recipient.status, &recipient.diagnostic].into_iter().flatten().map(|w| one_line(w));
        // A diagnostic usually begins with the status.
        let said =
            said.reduce(|status, words| if words.contains(&status) { words } else { format!("{status} {words}") });
        sheet.warn(&match said.filter(|s| !s.is_empty()) {
            Some(said) => {
                let said = super::sheet::shortened(&said, 500);
                words.say("came_back.recipient_words", context! { address, words => said })
            }
            None => words.say("came_back.recipient", context! { address }),
        });
    }
    sheet.say(&words.word("undeliverable.next"));
    if let Some(text) = &facts.text {
        sheet.head(&words.word("came_back.text"));
        sheet.excerpt(&voice.text_or_none(text));
    }
    let subject = super::subject::for_agent(facts.number, &facts.subject);
    sheet.done(words.language(), words.say("came_back.subject", context! { subject }))
}
