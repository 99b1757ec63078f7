//! What `svar explain` sees besides the letter: the web forms of a configuration, and the server that vouches for senders.

use serde_json::{Value, json};

use crate::cli::args::Global;
use crate::cli::error::CommandError;
use crate::cli::open;
use crate::config::settings::Settings;
use crate::desk::form::filled;
use crate::mail::authentication::verdict::{Signed, Verdict, verdict};
use crate::mail::letter::Letter;
use crate::model::Time;

/// Without a configuration and without a trusted server it adds nothing.
#[derive(Debug, Default)]
pub struct Lens {
    settings: Option<Settings>,
    authserv_id: Option<String>,
}

impl Lens {
    /// Only a configuration that is named on the command line is read: explaining a mail needs none.
    ///
    /// # Errors
    /// The configuration is wrong.
    pub fn of(global: &Global, authserv_id: Option<String>) -> Result<Self, CommandError> {
        let settings = global.config.is_some().then(|| open::settings(global)).transpose()?;
        Ok(Self { settings, authserv_id })
    }

    /// The letter as the desk would take it.
    #[must_use]
    pub fn look(&self, letter: Letter) -> Letter {
        let Some(settings) = &self.settings else { return letter };
        let hop = letter.received.iter().find_map(|h| h.at);
        let received_at = hop.or(letter.sent_at).unwrap_or(Time::from_unix(0));
        filled(&letter, received_at, settings).into_owned()
    }

    /// The verdict on the sender, where it is known whom to believe.
    fn verdict(&self, letter: &Letter) -> Option<Verdict> {
        let of_settings = || {
            let settings = self.settings.as_ref()?;
            let to = letter.to.iter().chain(&letter.cc).find_map(|p| settings.mailbox_of(&p.address));
            to.into_iter().chain(&settings.mailboxes).find_map(|m| m.trusted_authserv_id.clone())
        };
        let trusted = self.authserv_id.clone().or_else(of_settings)?;
        Some(verdict(letter, &trusted))
    }

    /// Adds `form` and `vouch` to a letter's object.
    pub fn add(&self, letter: &Letter, object: &mut Value) {
        let Value::Object(map) = object else { return };
        if let Some(entry) = &letter.form {
            let call = entry.call.as_ref().map(|c| json!({"wish": c.wish, "from": c.from, "until": c.until}));
            let customer = entry.customer.as_ref().map(|p| json!(p.address));
            let form = json!({"name": entry.name, "address": customer, "phone": entry.phone, "call": call, "text": entry.text});
            map.insert("form".to_owned(), form);
        }
        if let Some(v) = self.verdict(letter) {
            let signed = |s: &Signed| json!({"result": s.result, "domain": s.domain, "aligned": s.aligned});
            let dkim: Vec<Value> = v.dkim.iter().map(signed).collect();
            let spf = v.spf.as_ref().map(signed);
            let vouch =
                json!({"proved": v.proved.is_some(), "why": why(&v), "dmarc": v.dmarc, "dkim": dkim, "spf": spf});
            map.insert("vouch".to_owned(), vouch);
        }
    }

    /// The same for people: a name and what to say.
    #[must_use]
    pub fn rows(&self, letter: &Letter) -> Vec<(&'static str, String)> {
        let mut rows = Vec::new();
        if let Some(v) = self.verdict(letter) {
            let signed = |method: &str, s: &Signed| {
                let aligned = if s.aligned { "aligned" } else { "not aligned" };
                format!("{method}={} of {} ({aligned})", s.result, s.domain)
            };
            let mut said = vec![if v.proved.is_some() { "proved: " } else { "not proved: " }.to_owned() + why(&v)];
            said.extend(v.dmarc.as_ref().map(|d| format!("dmarc={d}")));
            said.extend(v.dkim.iter().map(|s| signed("dkim", s)));
            said.extend(v.spf.iter().map(|s| signed("spf", s)));
            rows.push(("sender", said.join("; ")));
        }
        if let Some(entry) = &letter.form {
            rows.push(("form", if entry.name.is_empty() { "no name".to_owned() } else { entry.name.clone() }));
            rows.extend(entry.phone.clone().map(|p| ("telephone", p)));
            rows.extend(entry.call.as_ref().map(|c| {
                let from = c.from.map(|t| format!(" from {t}")).unwrap_or_default();
                let until = c.until.map(|t| format!(" until {t}")).unwrap_or_default();
                ("call", format!("{}{from}{until}", c.wish))
            }));
        }
        rows
    }
}

fn why(verdict: &Verdict) -> &'static str {
    match verdict.proved {
        Some(rule) => rule,
        None if verdict.counted => "DMARC and DKIM do not pass",
        None => "the trusted server says nothing",
    }
}
