//! `init`: the smallest configuration that works, for an address.

use crate::cli::args;
use crate::cli::error::CommandError;
use crate::cli::print::Out;
use crate::model::Address;

/// Where big providers keep their mail, and what their mail server calls itself in Authentication-Results.
const PROVIDERS: &[(&[&str], &str, &str, Option<&str>)] = &[
    (&["gmail.com", "googlemail.com"], "imap.gmail.com", "smtp.gmail.com", Some("mx.google.com")),
    (&["icloud.com", "me.com"], "imap.mail.me.com", "smtp.mail.me.com", None),
    (&["fastmail.com", "fastmail.fm"], "imap.fastmail.com", "smtp.fastmail.com", None),
    (&["yahoo.com"], "imap.mail.yahoo.com", "smtp.mail.yahoo.com", None),
    (&["gmx.net", "gmx.de"], "imap.gmx.net", "mail.gmx.net", None),
];

pub fn init(out: &mut Out, wanted: &args::Init) -> Result<(), CommandError> {
    let address = Address::parse(&wanted.address)
        .ok_or_else(|| CommandError::usage(format!("{:?} is no mail address", wanted.address)))?;
    let mut agents = Vec::new();
    for agent in &wanted.agent {
        agents.push(named(agent).ok_or_else(|| {
            CommandError::usage(format!("{agent:?} is no agent"))
                .hint("Write it as \"Anna Andersson <anna@example.test>\".")
        })?);
    }
    if agents.is_empty() {
        agents.push(("Anna Andersson".to_owned(), format!("anna@{}", address.domain())));
    }
    Ok(out.raw(text(&address, wanted, &agents).as_bytes())?)
}

fn text(address: &Address, wanted: &args::Init, agents: &[(String, String)]) -> String {
    let domain = address.domain();
    let provider = PROVIDERS.iter().find(|p| p.0.contains(&domain));
    let (imap, smtp) = match (&wanted.host, provider) {
        (Some(host), _) => (host.clone(), host.clone()),
        (None, Some(p)) => (p.1.to_owned(), p.2.to_owned()),
        (None, None) => (format!("imap.{domain}"), format!("smtp.{domain}")),
    };
    let proof = match provider.and_then(|p| p.3) {
        Some(id) => format!("trusted_authserv_id = {}\n", quoted(id)),
        None => format!(
            "# trusted_authserv_id = \"mx.{domain}\"   # the name in your server's Authentication-Results; set it\n"
        ),
    };
    let mut text = format!(
        "# config.example.toml documents every key. `svar check` tries what stands here.\n\n\
         [desk]\nname = {}\nlanguage = {}\ntime_zone = \"Europe/Stockholm\"\ndata_dir = \"svar-data\"\n\n\
         [[mailbox]]\nname = \"{}\"\naddress = {}\n{proof}\n\
         [mailbox.imap]\nhost = {}\npassword = {{ file = \"mail.password\" }}\n\n\
         [mailbox.smtp]\nhost = {}\npassword = {{ file = \"mail.password\" }}\n",
        quoted(&wanted.desk),
        quoted(&wanted.language),
        plain(address.local()),
        quoted(address.as_str()),
        quoted(&imap),
        quoted(&smtp),
    );
    for (name, address) in agents {
        text.push_str(&format!("\n[[agent]]\nname = {}\naddresses = [{}]\n", quoted(name), quoted(address)));
    }
    text
}

/// `Anna Andersson <anna@example.test>`, or an address alone.
fn named(text: &str) -> Option<(String, String)> {
    let (name, address) = text.split_once('<').unwrap_or(("", text));
    let address = Address::parse(address)?;
    let name = match name.trim() {
        "" => address.local().to_owned(),
        name => name.to_owned(),
    };
    Some((name, address.to_string()))
}

/// A TOML basic string; JSON's escapes are TOML's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A mailbox's name: letters, digits and hyphens.
fn plain(local: &str) -> String {
    let name: String = local.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    if name.is_empty() { "support".to_owned() } else { name }
}
