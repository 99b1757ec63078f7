//! Mail of web forms: the customer is who filled it in, never the form's own address.

use std::borrow::Cow;

use crate::config::settings::Settings;
use crate::mail::form::{Entry, Form};
use crate::mail::letter::Letter;
use crate::mail::{language, subject};
use crate::model::{Kind, Party, Time};

/// The letter as the customer's own, if a `[[form]]` rule speaks of it; else as it is.
#[must_use]
pub fn filled<'l>(letter: &'l Letter, received_at: Time, settings: &Settings) -> Cow<'l, Letter> {
    let Some(form) = rule(letter, settings) else { return Cow::Borrowed(letter) };
    let entry = form.read(letter, received_at, &settings.desk.time_zone);
    // What the form's sender writes besides, a newsletter say, is a robot's as before; but never that address's own matter.
    let Some(entry) = entry.or_else(|| (letter.kind == Kind::Person).then(Entry::default)) else {
        return Cow::Borrowed(letter);
    };
    let mut entry = entry;
    if entry.text.trim().is_empty() {
        entry.text.clone_from(&letter.text);
    }
    // Whoever types our address or an agent's into a form is neither.
    let outsider = |p: &Party| {
        let a = &p.address;
        settings.mailbox_of(a).is_none() && settings.agent_of(a).is_none() && settings.manager_of(a).is_none()
    };
    entry.customer = entry.customer.filter(outsider);
    let title = entry.subject.clone().unwrap_or_else(|| letter.subject.clone());
    let mut own = letter.clone();
    own.from.clone_from(&entry.customer);
    // Anybody can type anybody's address.
    own.from_is_single = false;
    own.reply_to.clear();
    own.to.retain(|p| settings.mailbox_of(&p.address).is_some());
    own.cc.clear();
    own.base_subject = subject::base(&title);
    own.subject = title;
    own.kind = Kind::Person;
    "a [[form]] rule".clone_into(&mut own.why);
    own.language = language::of(&entry.text).map(str::to_owned);
    own.new_text.clone_from(&entry.text);
    own.new_html = None;
    own.cuts.clear();
    own.original = None;
    own.form = Some(entry);
    Cow::Owned(own)
}

fn rule<'s>(letter: &Letter, settings: &'s Settings) -> Option<&'s Form> {
    let may_be = letter.kind != Kind::Bounce && letter.svar_id.is_none();
    settings.forms.iter().find(|f| may_be && f.speaks_of(letter))
}
