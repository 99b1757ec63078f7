//! The answers, and the smallest configuration that says them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::people::Human;
use super::server::{Protocol, Server};
use crate::model::Address;
use crate::net::Tls;
use crate::sla::holidays::Country;
use crate::sla::hours::{Week, days_as_written, runs};

/// How new mail is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Work {
    /// One agent on duty at a time
    Turn,
    /// Every agent is told of all
    All,
    /// They work in the shared mailbox; nobody is told
    Shared,
}

/// Whether svar only looks on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Mode {
    /// Read and measure; nobody but managers gets mail
    Watch,
    /// The desk at work
    Desk,
}

/// How one signs in to both servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignIn {
    /// Relative to the configuration, as everything in it is.
    PasswordFile(PathBuf),
    PasswordEnv(String),
    OAuth2(OAuth2),
}

/// `oauth2 = { … }`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OAuth2 {
    /// `google`, `microsoft365` or `custom`.
    pub provider: String,
    pub client_id: String,
    pub client_secret_file: Option<PathBuf>,
    /// What overrides the preset, as keys and values: `token_url` and the like.
    pub urls: Vec<(&'static str, String)>,
    pub scopes: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Draft {
    pub address: Address,
    pub desk: String,
    pub language: String,
    pub time_zone: String,
    pub data_dir: PathBuf,
    pub week: Week,
    pub holidays: Option<Country>,
    pub imap: Server,
    pub smtp: Server,
    pub ca_file: Option<PathBuf>,
    pub sign_in: SignIn,
    /// Where the server marks none with `\Sent`.
    pub sent: Option<String>,
    pub authserv_id: Option<&'static str>,
    pub plus_addressing: bool,
    pub mode: Mode,
    pub work: Work,
    pub agents: Vec<Human>,
    pub managers: Vec<Human>,
}

impl Draft {
    pub fn mailbox(&self) -> String {
        mailbox_name(&self.address)
    }

    /// Open all day, every day: no calendar says so.
    fn is_always(&self) -> bool {
        is_always(&self.week) && self.holidays.is_none()
    }

    /// The file's text.
    pub fn toml(&self) -> String {
        let mut text = String::from(
            "# Made by `svar init`. config.example.toml documents every key; `svar check` tries what stands here.\n\n[desk]\n",
        );
        self.line(&mut text, "name", &self.desk);
        self.line(&mut text, "language", &self.language);
        self.line(&mut text, "time_zone", &self.time_zone);
        self.line(&mut text, "data_dir", &self.data_dir.display().to_string());
        text.push_str("# undo = \"5m\"              # an answer waits so long before it leaves; #stop keeps it here\n");
        self.mailbox_into(&mut text);
        for agent in &self.agents {
            let _ = write!(
                text,
                "\n[[agent]]\nname = {}\naddresses = [{}]\n",
                quoted(&agent.name),
                quoted(agent.address.as_str())
            );
        }
        for manager in &self.managers {
            let (name, address) = (quoted(&manager.name), quoted(manager.address.as_str()));
            let _ = write!(text, "\n[[manager]]\nname = {name}\naddress = {address}\n");
            text.push_str("# digests = [\"daily\", \"weekly\"]   # and \"monthly\"\n");
        }
        self.calendar_into(&mut text);
        text.push_str(
            "\n# [sla.standard]\n# first_response = \"1h\"      # what is promised, in open time\n# bands = { excellent = \"1h\", ok = \"3h\" }\n",
        );
        text
    }

    fn line(&self, text: &mut String, key: &str, value: &str) {
        let _ = writeln!(text, "{key} = {}", quoted(value));
    }

    fn mailbox_into(&self, text: &mut String) {
        text.push_str("\n[[mailbox]]\n");
        self.line(text, "name", &self.mailbox());
        self.line(text, "address", self.address.as_str());
        text.push_str("# aliases = [\"kundtjanst@example.test\"]   # other addresses that arrive here\n");
        text.push_str(match self.mode {
            Mode::Watch => {
                "mode = \"watch\"            # reads and measures, nobody but managers gets mail; \"desk\" (or no such line) makes it a desk\n"
            }
            Mode::Desk => "# mode = \"watch\"          # read and measure only\n",
        });
        text.push_str(match self.work {
            Work::Turn => "notify = \"turn\"           # one agent on duty at a time; \"all\", or \"none\": they work in the shared mailbox\n",
            Work::All => "notify = \"all\"            # every agent; \"turn\": one at a time, \"none\": they work in the shared mailbox\n",
            Work::Shared => "notify = \"none\"           # they work in the shared mailbox; \"turn\": one agent on duty at a time, \"all\"\n",
        });
        if !self.plus_addressing {
            text.push_str("plus_addressing = false   # mail to an address with a + does not arrive in INBOX here\n");
        }
        match self.authserv_id {
            Some(id) => self.line(text, "trusted_authserv_id", id),
            None => text.push_str(
                "# trusted_authserv_id = \"mx.example.test\"   # your server's name in Authentication-Results: it proves agents\n",
            ),
        }
        text.push_str("# signature = \"signature.md\"             # stands below every answer\n");
        self.server_into(text, Protocol::Imap, &self.imap);
        match &self.sent {
            Some(folder) => self.line(text, "sent", folder),
            None => text.push_str("# sent = \"auto\"           # the folder marked \\Sent; or a name\n"),
        }
        self.server_into(text, Protocol::Smtp, &self.smtp);
    }

    fn server_into(&self, text: &mut String, protocol: Protocol, server: &Server) {
        let table = if protocol == Protocol::Imap { "imap" } else { "smtp" };
        let _ = write!(text, "\n[mailbox.{table}]\n");
        self.line(text, "host", &server.host);
        let usual = protocol.ports();
        if server.port != usual[0].0 {
            let _ = writeln!(text, "port = {}", server.port);
        }
        let meant = if [143, 587, 25].contains(&server.port) { Tls::Starttls } else { Tls::Implicit };
        if server.tls != meant {
            self.line(
                text,
                "tls",
                match server.tls {
                    Tls::Implicit => "implicit",
                    Tls::Starttls => "starttls",
                    Tls::None => "none",
                },
            );
        }
        if let Some(file) = &self.ca_file {
            self.line(text, "ca_file", &file.display().to_string());
        }
        if let Some(user) = server.user.as_ref().filter(|user| *user != self.address.as_str()) {
            self.line(text, "user", user);
        }
        let _ = writeln!(text, "{}", self.sign_in_line());
    }

    fn sign_in_line(&self) -> String {
        let file = |path: &Path| format!("{{ file = {} }}", quoted(&path.display().to_string()));
        match &self.sign_in {
            SignIn::PasswordFile(path) => format!("password = {}", file(path)),
            SignIn::PasswordEnv(name) => format!("password = {{ env = {} }}", quoted(name)),
            SignIn::OAuth2(oauth2) => {
                let mut keys = vec![
                    format!("provider = {}", quoted(&oauth2.provider)),
                    format!("client_id = {}", quoted(&oauth2.client_id)),
                ];
                keys.extend(oauth2.client_secret_file.as_deref().map(|path| format!("client_secret = {}", file(path))));
                keys.extend(oauth2.urls.iter().map(|(key, url)| format!("{key} = {}", quoted(url))));
                if !oauth2.scopes.is_empty() {
                    let scopes: Vec<String> = oauth2.scopes.iter().map(|s| quoted(s)).collect();
                    keys.push(format!("scopes = [{}]", scopes.join(", ")));
                }
                format!("oauth2 = {{ {} }}", keys.join(", "))
            }
        }
    }

    fn calendar_into(&self, text: &mut String) {
        if self.is_always() {
            text.push_str(
                "\n# [calendar.shop]           # without one it is always open\n# mon-fri = [\"09:00-17:00\"]\n",
            );
            return;
        }
        text.push_str("\n[calendar.shop]\n");
        for (first, last, hours) in runs(&self.week).into_iter().filter(|(_, _, hours)| !hours.is_empty()) {
            let hours: Vec<String> = hours.iter().map(|h| quoted(&crate::sla::calendar::wall(*h))).collect();
            let _ = writeln!(text, "{} = [{}]", days_as_written(first, last), hours.join(", "));
        }
        if let Some(country) = self.holidays {
            self.line(text, "holidays", country.code());
        } else {
            text.push_str("# holidays = \"SE\"          # SE NO DK FI IS DE GB\n");
        }
        text.push_str("# except = { \"2026-12-24\" = [] }   # closed that day; it beats the week and the holidays\n");
    }
}

/// Open at every hour of every day.
pub fn is_always(week: &Week) -> bool {
    week.iter().all(|hours| hours.as_slice() == [(0, 1440)])
}

/// A mailbox's name: letters, digits and hyphens of the address.
pub fn mailbox_name(address: &Address) -> String {
    let name: String = address.local().chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    if name.is_empty() { "support".to_owned() } else { name }
}

/// A TOML basic string; JSON's escapes are TOML's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::people::human;
    use super::*;
    use crate::config;
    use crate::config::settings::{self, Inlet, Notify, Outlet};
    use crate::sla::hours::parse_week;

    pub fn draft() -> Draft {
        Draft {
            address: Address::parse("info@shop.test").unwrap(),
            desk: "Räk \"&\" Co".to_owned(),
            language: "sv".to_owned(),
            time_zone: "Europe/Stockholm".to_owned(),
            data_dir: "svar-data".into(),
            week: parse_week("mon-fri 9-12 13-17, lör 10-14").unwrap(),
            holidays: Some(Country::Se),
            imap: Server::parse("imap.shop.test", Protocol::Imap).unwrap().0,
            smtp: Server::parse("smtp.shop.test:587", Protocol::Smtp).unwrap().0,
            ca_file: None,
            sign_in: SignIn::PasswordEnv("PW".to_owned()),
            sent: None,
            authserv_id: Some("mx.google.com"),
            plus_addressing: true,
            mode: Mode::Watch,
            work: Work::Turn,
            agents: vec![human("Åsa Öberg <asa@a.test>").unwrap()],
            managers: vec![human("Chefen <chef@a.test>").unwrap()],
        }
    }

    /// The text reads back to the same settings.
    fn check(change: impl FnOnce(&mut Draft), fits: impl FnOnce(&settings::Settings, &settings::Mailbox) -> bool) {
        let mut draft = draft();
        change(&mut draft);
        let text = draft.toml();
        let read = config::read(Path::new("/nowhere/config.toml"), &text);
        let settings = read.unwrap_or_else(|wrong| {
            panic!("{}\n{text}", wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
        });
        assert!(fits(&settings, &settings.mailboxes[0]), "{text}\n{settings:?}");
        assert!(text.lines().all(|line| line.chars().count() <= 140), "{text}");
    }

    fn imap(mailbox: &settings::Mailbox) -> &settings::Imap {
        let Inlet::Imap(imap) = &mailbox.source else { panic!("no IMAP") };
        imap
    }

    #[test]
    fn the_file_reads_back_to_the_answers() {
        check(
            |_| {},
            |s, m| {
                let Outlet::Smtp { account, .. } = &m.outlet else { return false };
                s.desk.name == "Räk \"&\" Co"
                    && s.desk.language == "sv"
                    && s.desk.time_zone_name == "Europe/Stockholm"
                    && s.desk.data_dir == Path::new("/nowhere/svar-data")
                    && (m.name.as_str(), m.address.as_str()) == ("info", "info@shop.test")
                    && (m.mode, m.notify) == (settings::Mode::Watch, Notify::Turn)
                    && m.plus_addressing
                    && m.trusted_authserv_id.as_deref() == Some("mx.google.com")
                    && (imap(m).account.port, imap(m).account.tls) == (993, Tls::Implicit)
                    && (account.port, account.tls, account.user.as_str()) == (587, Tls::Starttls, "info@shop.test")
                    && s.agents[0].name == "Åsa Öberg"
                    && s.managers[0].addresses[0].as_str() == "chef@a.test"
                    && m.calendar == "shop"
            },
        );
    }

    #[test]
    fn every_answer_has_its_line() {
        check(|d| d.mode = Mode::Desk, |_, m| m.mode == settings::Mode::Desk);
        check(|d| d.work = Work::All, |_, m| m.notify == Notify::All);
        check(|d| d.work = Work::Shared, |_, m| m.notify == Notify::None);
        check(|d| d.plus_addressing = false, |_, m| !m.plus_addressing);
        check(|d| d.authserv_id = None, |_, m| m.trusted_authserv_id.is_none());
        check(
            |d| d.sent = Some("Skickat \"x\"".to_owned()),
            |_, m| imap(m).sent == settings::SentFolder::Named("Skickat \"x\"".to_owned()),
        );
        check(|d| d.week = parse_week("dygnet runt").unwrap(), |s, m| !s.calendars[&m.calendar].is_always());
        check(
            |d| (d.week, d.holidays) = (parse_week("24/7").unwrap(), None),
            |s, m| s.calendars[&m.calendar].is_always(),
        );
        check(|d| d.imap.port = 10993, |_, m| (imap(m).account.port, imap(m).account.tls) == (10993, Tls::Implicit));
        check(
            |d| (d.imap.port, d.imap.tls) = (10143, Tls::Starttls),
            |_, m| (imap(m).account.port, imap(m).account.tls) == (10143, Tls::Starttls),
        );
        check(|d| d.imap.user = Some("shop".to_owned()), |_, m| imap(m).account.user == "shop");
        check(|d| d.agents.clear(), |s, _| s.agents.is_empty());
        check(
            |d| d.address = Address::parse("åäö@shop.test").unwrap_or_else(|| Address::parse("_@shop.test").unwrap()),
            |_, m| m.name == "support",
        );
    }
}
