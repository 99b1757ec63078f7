//! Mails as five mail programs compose them, as text, HTML and both, over real servers: the customer's and the agent's.

#[allow(dead_code, reason = "the stories use the rest")]
#[path = "../world/clients.rs"]
mod programs;
#[allow(dead_code, reason = "the stories use the rest")]
#[path = "../world/letters.rs"]
mod written;

use svar::mail::read::read;
use svar::model::Time;

use crate::LIMIT;
use crate::desk::{Config, Desk, address_in, field};
use crate::lab::{self, address};
use programs::Client;
use written::{Quoting, Written, reply};

const FORMS: &[&str] = &["text", "html", "both"];

/// A mail program and the form in which it sends.
#[derive(Clone, Copy)]
struct Way {
    name: &'static str,
    client: Client,
    form: &'static str,
}

impl Way {
    fn all() -> Vec<Self> {
        let forms = |(name, client): &(&'static str, Client)| {
            let (name, client) = (*name, *client);
            FORMS.iter().map(move |form| Self { name, client, form })
        };
        Client::ALL.iter().flat_map(forms).collect()
    }

    fn slug(self) -> String {
        format!("{}-{}", self.name, self.form)
    }

    fn customer(self) -> String {
        format!("{}@kund.test", self.slug())
    }

    /// A reply to `mail`, as bytes, and where it goes.
    fn reply(self, mail: &str, from: &str, id: &str, words: &str) -> (String, Vec<u8>) {
        let to = read(mail.as_bytes());
        let (plain, html) = self.client.compose(&to, from, words);
        let mut reply = reply(&to, from, words, Quoting::None, format!("{id}-{}@klient.test", self.slug()));
        (reply.text, reply.html) = match self.form {
            "text" => (plain, None),
            "html" => (String::new(), Some(html)),
            _ => (plain, Some(html)),
        };
        (reply.to[0].clone(), reply.bytes(Time::from_unix(1_795_340_000)))
    }
}

/// What was read as a ticket's new text, message by message.
fn texts(show: &serde_json::Value, direction: &str) -> Vec<String> {
    let messages = show["messages"].as_array().cloned().unwrap_or_default();
    let of = |m: &&serde_json::Value| m["direction"] == direction;
    messages.iter().filter(of).filter_map(|m| m["new_text"].as_str().map(str::to_owned)).collect()
}

#[test]
fn every_program_in_every_form() {
    let lab = lab::shared();
    let (shop, agent) = ("kund31", "kund32");
    let desk = Desk::start(lab, Config { poll: "2s", ..Config::new(shop, agent) });
    let ways = Way::all();
    let subject = |way: &Way| format!("Fråga {}", way.slug());
    for way in &ways {
        let mail = Written {
            from: format!("Kim Kund <{}>", way.customer()),
            to: vec![address(shop)],
            subject: subject(way),
            message_id: Some(format!("first-{}@klient.test", way.slug())),
            text: format!("Hej!\nVar är mitt paket, {}?\n", way.slug()),
            ..Written::default()
        };
        lab.deliver(&way.customer(), &[shop], &mail.bytes(Time::from_unix(1_795_330_000)));
    }
    for way in &ways {
        let told = lab.wait_for(agent, "INBOX", LIMIT, |m| {
            field(m, "Reply-To").contains('+') && read(m.as_bytes()).subject.ends_with(&subject(way))
        });
        let words = format!("#tag {}\n\nHej Kim!\n\nDet kommer på fredag, {}.", way.name, way.slug());
        let (to, raw) = way.reply(&told, &address(agent), "agent", &words);
        lab.deliver(&address(agent), &[&to], &raw);
    }
    for way in &ways {
        let said = format!("Det kommer på fredag, {}.", way.slug());
        let answer = lab
            .wait_for("alla", "INBOX", LIMIT, |m| m.contains("klient.test") && read(m.as_bytes()).text.contains(&said));
        let seen = read(answer.as_bytes());
        assert_eq!(field(&answer, "In-Reply-To"), format!("<first-{}@klient.test>", way.slug()));
        assert_eq!(address_in(&field(&answer, "To")), way.customer());
        assert_eq!(address_in(&field(&answer, "From")), address(shop));
        for inside in ["#tag", &address(agent), "Skickat från", "[svar", "mitt paket"] {
            assert!(!seen.text.contains(inside), "{}: {inside:?} reached the customer:\n{}", way.slug(), seen.text);
        }
        let words = format!("Tack! Men {} har inte fått något.\n\nRing mig i stället.", way.slug());
        let (_, raw) = way.reply(&answer, &way.customer(), "again", &words);
        lab.deliver(&way.customer(), &[shop], &raw);
    }
    let all_open = |tickets: &serde_json::Value| {
        let open = |t: &&serde_json::Value| t["state"] == "open" && t["waiting_since"] != serde_json::Value::Null;
        tickets.as_array().is_some_and(|all| all.iter().filter(open).count() == ways.len())
    };
    let twice = |number: &serde_json::Value| texts(&desk.json(&["show", &number.to_string()]), "in").len() == 2;
    desk.wait_for(|t| all_open(t) && t.as_array().is_some_and(|all| all.iter().all(|t| twice(&t["number"]))));

    let tickets = desk.json(&["tickets"]);
    for way in &ways {
        let own = tickets.as_array().unwrap().iter().find(|t| t["customer"]["address"] == way.customer()).unwrap();
        assert_eq!(own["tags"], serde_json::json!([way.name]), "{}", way.slug());
        let show = desk.json(&["show", &own["number"].to_string()]);
        let said = texts(&show, "in");
        let words = format!("Tack! Men {} har inte fått något.\n\nRing mig i stället.", way.slug());
        let new: Vec<&str> = said[1].split_whitespace().collect();
        assert_eq!(new, words.split_whitespace().collect::<Vec<_>>(), "{}: {:?}", way.slug(), said[1]);
        let out = texts(&show, "out");
        assert_eq!(out.len(), 1, "{}", way.slug());
        assert!(out[0].contains("Det kommer på fredag") && !out[0].contains("#tag"), "{}", out[0]);
    }
    assert_eq!(desk.json(&["quarantine"]).as_array().map(Vec::len), Some(0));
    desk.stop();
}
