//! `oauth2 = { … }` beside a user: whose sign-in it is, and where the provider takes it.

use std::path::{Path, PathBuf};

use super::reader::{Table, Value};
use super::values;
use crate::net::oauth::{Preset, Provider, SignIn};

/// What an account has written beside it.
pub(super) struct Beside<'a> {
    pub user: &'a str,
    pub ca_file: Option<&'a PathBuf>,
    pub data_dir: &'a Path,
}

/// Reads the table. What is wrong is said at its place.
pub(super) fn sign_in(table: &Table<'_>, beside: &Beside<'_>) -> Option<SignIn> {
    let provider = table.need("provider", values::word(Provider::NAMES), "\"google\", \"microsoft365\" or \"custom\"");
    let client_id = table.need("client_id", client_id, "\"…\", as the provider's console shows it");
    let client_secret = table.opt("client_secret", values::secret);
    let tenant = table.opt("tenant", tenant);
    let device_url = table.opt("device_url", url);
    let authorize_url = table.opt("authorize_url", url);
    let token_url = table.opt("token_url", url);
    let scopes = table.list("scopes", scope, "it as [\"mail\", \"offline_access\"]");
    let scopes: Option<Vec<String>> = scopes.map(|list| list.into_iter().map(|(scope, _)| scope).collect());

    let provider = provider?;
    if provider != Provider::Microsoft365
        && let Some(value) = table.value("tenant")
    {
        value.reader.mistake(&value.place, "is Microsoft's alone; leave it out");
    }
    if provider == Provider::Google && table.value("client_secret").is_none() && token_url.is_none() {
        table.missing("client_secret", "{ file = \"client.secret\" }: Google gives one to a Desktop app, too");
    }
    let preset = match provider.preset(tenant.as_deref().unwrap_or("common")) {
        Some(preset) => preset,
        None => {
            let written = |key: &str| table.value(key).is_some();
            if !written("token_url") {
                table.missing("token_url", "\"https://login.example.test/token\"");
            }
            if !written("device_url") && !written("authorize_url") {
                table.missing("device_url", "\"https://login.example.test/device\", or authorize_url, or both");
            }
            if !written("scopes") {
                table.missing("scopes", "[\"mail\", \"offline_access\"]");
            }
            Preset { device_url: None, authorize_url: String::new(), token_url: String::new(), scopes: Vec::new() }
        }
    };
    let authorize_url = authorize_url.or(Some(preset.authorize_url).filter(|url| !url.is_empty()));
    Some(SignIn {
        provider,
        client_id: client_id?,
        client_secret,
        device_url: device_url.or(preset.device_url),
        authorize_url,
        token_url: token_url.unwrap_or(preset.token_url),
        scopes: scopes.unwrap_or(preset.scopes),
        user: beside.user.to_owned(),
        ca_file: beside.ca_file.cloned(),
        dir: beside.data_dir.join("oauth2"),
    })
}

fn one_word(v: &Value<'_>, noun: &str, write: &str) -> Result<String, String> {
    let right = |t: &&str| !t.is_empty() && !t.contains(|c: char| c.is_whitespace() || c.is_control());
    v.str().map(str::trim).filter(right).map(str::to_owned).ok_or_else(|| v.no(noun, write))
}

fn client_id(v: &Value<'_>) -> Result<String, String> {
    one_word(v, "client id", "it as the provider's console shows it")
}

fn scope(v: &Value<'_>) -> Result<String, String> {
    one_word(v, "scope", "each on its own, as \"offline_access\"")
}

/// A directory of Microsoft's: its id, one of its domains, or one of the names for any.
fn tenant(v: &Value<'_>) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let write = "\"common\", or the directory (tenant) id of the organisation, or its domain";
    one_word(v, "tenant", write).and_then(|t| if t.chars().all(plain) { Ok(t) } else { Err(v.no("tenant", write)) })
}

/// An address that tokens may be fetched from.
fn url(v: &Value<'_>) -> Result<String, String> {
    let write = "it as \"https://login.example.test/token\"";
    let text = one_word(v, "address of a web page", write)?;
    let Some((scheme, rest)) = text.split_once("://") else { return Err(v.no("address of a web page", write)) };
    let place = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match place.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next().unwrap_or_default(),
        None => place.split(':').next().unwrap_or_default(),
    };
    if host.is_empty() || place.contains('@') || text.contains('#') {
        return Err(v.no("address of a web page", write));
    }
    match scheme {
        "https" => Ok(text),
        "http" if values::is_loopback(host) => Ok(text),
        "http" => Err(v.is("would send secrets in the clear", "https:// (http: loopback only)")),
        _ => Err(v.no("address of a web page", write)),
    }
}
