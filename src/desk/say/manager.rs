//! To a manager: something needs a person, in a sentence or two.

use minijinja::context;

use super::sheet::Sheet;
use super::{Page, Voice};
use crate::model::{Address, TicketNo, Time, one_line};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManagerNews {
    /// A notification came back; who has the ticket now (`None`: nobody).
    NotificationCameBack { agent: String, address: Address, words: String, now_with: Option<String> },
    /// A customer waits and no agent can be reached.
    NobodyOnDuty { agents: Vec<String> },
    /// `auto_per_hour` is reached: automatic mails stop for the hour.
    TooManyAutomatic { limit: i64, until: Time },
    /// Four fifths of `mail_per_day` are gone.
    NearDailyLimit { sent: i64, limit: i64 },
    /// An answer failed and its writer cannot be reached.
    AnswerFailed { agent: Option<String>, recipients: Vec<String>, words: String },
    /// A letter that could not be read lies in quarantine.
    Unreadable { quarantine: i64, why: String },
    /// The desk stopped sending.
    Halted { why: String },
    /// An agent has answered a notification of the time before the mailbox was only watched; the mail lies in quarantine.
    NotRelayed { agent: String, quarantine: i64 },
    /// A title and paragraphs of the caller's, in the reader's language.
    Other { title: String, paragraphs: Vec<String> },
}

/// `ticket`: number and subject, where the news is about one.
#[must_use]
pub fn to_manager(voice: &Voice<'_>, ticket: Option<(TicketNo, &str)>, news: &ManagerNews) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    let title = title(voice, news);
    for paragraph in paragraphs(voice, news) {
        sheet.say(&paragraph);
    }
    let subject = match ticket {
        Some((number, subject)) => {
            sheet.say(&words.say("manager.about", context! { ticket => voice.ticket(number, subject) }));
            sheet.small(&words.word("manager.reply"));
            format!("{title}: {}", super::subject::for_agent(number, subject))
        }
        None => title,
    };
    sheet.done(words.language(), subject)
}

fn title(voice: &Voice<'_>, news: &ManagerNews) -> String {
    let words = voice.words();
    match news {
        ManagerNews::NotificationCameBack { agent, .. } => {
            words.say("manager.notification_came_back_subject", context! { agent => one_line(agent) })
        }
        ManagerNews::NobodyOnDuty { .. } => words.word("manager.nobody_subject"),
        ManagerNews::TooManyAutomatic { .. } => words.word("manager.too_many_subject"),
        ManagerNews::NearDailyLimit { .. } => words.word("manager.near_limit_subject"),
        ManagerNews::AnswerFailed { .. } => words.word("manager.answer_failed_subject"),
        ManagerNews::Unreadable { .. } => words.word("manager.unreadable_subject"),
        ManagerNews::Halted { .. } => words.word("manager.halted_subject"),
        ManagerNews::NotRelayed { .. } => words.word("manager.not_relayed_subject"),
        ManagerNews::Other { title, .. } => one_line(title),
    }
}

fn paragraphs(voice: &Voice<'_>, news: &ManagerNews) -> Vec<String> {
    let words = voice.words();
    match news {
        ManagerNews::NotificationCameBack { agent, address, words: said, now_with } => {
            let (agent, address, said) = (one_line(agent), address.as_str(), one_line(said));
            vec![
                words.say("manager.notification_came_back", context! { agent, address, words => said }),
                match now_with {
                    Some(agent) => words.say("manager.now_with", context! { agent => one_line(agent) }),
                    None => words.word("manager.now_with_nobody"),
                },
            ]
        }
        ManagerNews::NobodyOnDuty { agents } if agents.is_empty() => vec![words.word("manager.nobody_at_all")],
        ManagerNews::NobodyOnDuty { agents } => {
            vec![words.say("manager.nobody", context! { agents => words.list(agents) })]
        }
        ManagerNews::TooManyAutomatic { limit, until } => {
            vec![words.say("manager.too_many", context! { limit => limit, until => voice.moment(*until) })]
        }
        ManagerNews::NearDailyLimit { sent, limit } => {
            vec![words.say("manager.near_limit", context! { n => sent, limit => limit })]
        }
        ManagerNews::AnswerFailed { agent, recipients, words: said } => {
            let (people, said) = (words.list(recipients), one_line(said));
            vec![match agent {
                Some(agent) => {
                    words.say("manager.answer_failed", context! { agent => one_line(agent), people, words => said })
                }
                None => words.say("manager.answer_failed_nobody", context! { people, words => said }),
            }]
        }
        ManagerNews::Unreadable { quarantine, why } => {
            vec![words.say("manager.unreadable", context! { number => quarantine, why => one_line(why) })]
        }
        ManagerNews::Halted { why } => vec![words.say("manager.halted", context! { why => one_line(why) })],
        ManagerNews::NotRelayed { agent, quarantine } => {
            let agent = one_line(agent);
            vec![words.say("manager.not_relayed", context! { agent, number => quarantine })]
        }
        ManagerNews::Other { paragraphs, .. } => paragraphs.iter().map(|p| one_line(p)).collect(),
    }
}
