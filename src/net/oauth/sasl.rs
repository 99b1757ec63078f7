//! The two ways to show a token to a mail server: Google's XOAUTH2, and OAUTHBEARER (RFC 7628).

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

/// How a token is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    Xoauth2,
    OauthBearer,
}

impl Mechanism {
    /// The first of the two that is among the mechanisms a server offers, in capitals. The big providers mean XOAUTH2 best.
    #[must_use]
    pub fn choose(offers: impl Fn(&str) -> bool) -> Option<Self> {
        [Self::Xoauth2, Self::OauthBearer].into_iter().find(|m| offers(m.as_str()))
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Xoauth2 => "XOAUTH2",
            Self::OauthBearer => "OAUTHBEARER",
        }
    }

    /// The client's response, in base64.
    pub(in crate::net) fn response(self, user: &str, host: &str, port: u16, token: &SecretString) -> SecretString {
        let token = token.expose_secret();
        // A user or token with a control character would end its field early.
        let clean = |text: &str| {
            let mut clean = Zeroizing::new(String::with_capacity(text.len()));
            clean.extend(text.chars().filter(|c| !c.is_control()));
            clean
        };
        let (user, token) = (clean(user), clean(token));
        let before = match self {
            Self::Xoauth2 => format!("user={}", *user),
            // RFC 5801: a comma or an equals sign in the name is written in code.
            Self::OauthBearer => {
                let name = user.replace('=', "=3D").replace(',', "=2C");
                format!("n,a={name},\x01host={host}\x01port={port}")
            }
        };
        let plain = Zeroizing::new([before.as_str(), "\x01auth=Bearer ", token.as_str(), "\x01\x01"].concat());
        SecretString::from(data_encoding::BASE64.encode(plain.as_bytes()))
    }

    /// What is said to a server that has explained its refusal and waits: only then comes the refusal itself.
    pub(in crate::net) const fn farewell(self) -> &'static str {
        match self {
            Self::Xoauth2 => "",
            // RFC 7628, 3.2.3: one \x01.
            Self::OauthBearer => "AQ==",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_shown_as_the_documents_say() {
        let token = SecretString::from("ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg");
        let check = |mechanism: Mechanism, user: &str, expect: &str| {
            let bytes = data_encoding::BASE64
                .decode(mechanism.response(user, "imap.x.test", 993, &token).expose_secret().as_bytes())
                .unwrap();
            let text = String::from_utf8(bytes).unwrap().replace('\x01', "^A");
            assert_eq!(text.replace(token.expose_secret(), "TOKEN"), expect);
        };
        check(Mechanism::Xoauth2, "a@x.test", "user=a@x.test^Aauth=Bearer TOKEN^A^A");
        check(Mechanism::Xoauth2, "a\x01b", "user=ab^Aauth=Bearer TOKEN^A^A");
        check(Mechanism::OauthBearer, "a@x.test", "n,a=a@x.test,^Ahost=imap.x.test^Aport=993^Aauth=Bearer TOKEN^A^A");
        check(Mechanism::OauthBearer, "a,b=c", "n,a=a=2Cb=3Dc,^Ahost=imap.x.test^Aport=993^Aauth=Bearer TOKEN^A^A");
        let choose = |offered: &[&str]| Mechanism::choose(|m| offered.contains(&m)).map(Mechanism::as_str);
        assert_eq!(choose(&["PLAIN", "OAUTHBEARER", "XOAUTH2"]), Some("XOAUTH2"));
        assert_eq!(choose(&["OAUTHBEARER"]), Some("OAUTHBEARER"));
        assert_eq!(choose(&["PLAIN"]), None);
    }
}
