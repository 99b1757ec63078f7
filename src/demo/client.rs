//! An agent's mail client: presses Reply on a mail of svar's, as three real ones do it.

use jiff::tz::TimeZone;

use super::cast::{Agent, Client};
use super::letters::Mail;
use crate::mail::letter::Letter;
use crate::model::Time;

/// The reply to `letter`, with `text` above the quote. It goes where Reply-To says.
pub fn reply(agent: &Agent, letter: &Letter, text: &str, zone: &TimeZone) -> Mail {
    let to = letter.reply_to.first().or(letter.from.as_ref());
    let prefix = if agent.client == Client::Outlook { "SV: " } else { "Re: " };
    let has_prefix = ["Re: ", "SV: ", "Sv: "].iter().any(|p| letter.subject.starts_with(p));
    let mut references = letter.references.clone();
    references.extend(letter.message_id.clone());
    Mail {
        from_name: agent.name.to_owned(),
        from: agent.address.to_owned(),
        to: to.map(|p| p.address.to_string()).unwrap_or_default(),
        subject: if has_prefix { letter.subject.clone() } else { format!("{prefix}{}", letter.subject) },
        in_reply_to: letter.message_id.clone(),
        references,
        headers: client_headers(agent.client),
        text: body(agent, letter, text, zone),
        ..Mail::default()
    }
}

fn client_headers(client: Client) -> Vec<String> {
    let header = match client {
        Client::Neomutt => "User-Agent: NeoMutt/20220429",
        Client::Outlook => "X-Mailer: Microsoft Outlook 16.0",
        Client::IPhone => "X-Mailer: iPhone Mail (23B85)",
    };
    vec![header.to_owned()]
}

fn body(agent: &Agent, letter: &Letter, text: &str, zone: &TimeZone) -> String {
    let (name, address) = match &letter.from {
        Some(from) => (from.name.as_str(), from.address.to_string()),
        None => ("", String::new()),
    };
    let sent = letter.sent_at.unwrap_or(Time::from_unix(0)).timestamp().to_zoned(zone.clone());
    let day = sent.strftime("%Y-%m-%d").to_string();
    let clock = sent.strftime("%H:%M").to_string();
    let quoted = || letter.text.lines().map(|l| format!("> {l}").trim_end().to_owned()).collect::<Vec<_>>().join("\n");
    let first = agent.name.split(' ').next().unwrap_or(agent.name);
    match agent.client {
        Client::Neomutt => {
            format!("{text}\n\nHälsningar\n{first}\n\nDen {day} kl. {clock} skrev {name} <{address}>:\n{}\n", quoted())
        }
        Client::IPhone => {
            format!(
                "{text}\n\n/{first}\n\nSkickat från min iPhone\n\n> {day} kl. {clock} skrev {name} <{address}>:\n> \n{}\n",
                quoted()
            )
        }
        Client::Outlook => format!(
            "{text}\n\nMed vänlig hälsning\n{}\n\n________________________________\nFrån: {name} <{address}>\nSkickat: den {day} {clock}\nTill: {} <{}>\nÄmne: {}\n\n{}\n",
            agent.name, agent.name, agent.address, letter.subject, letter.text,
        ),
    }
}
