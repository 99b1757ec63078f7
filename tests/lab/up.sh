#!/bin/bash
# up.sh STATEDIR [BASEPORT]   a mail system (Dovecot and Postfix) on 127.0.0.1, all of its state under STATEDIR.
#
# Needs root and Debian 12 (Dovecot 2.3, Postfix 3.7); installs the packages where they are missing. It can be run
# again: what runs is stopped and started anew, the mail stays. BASEPORT (default 31000) and
#   +143 IMAP (clear, STARTTLS)   +993 IMAP over TLS     +24 LMTP
#   +25  SMTP as other servers see it: no login, takes mail for example.test and kund.test only
#   +587 submission (STARTTLS, login)   +465 submission over TLS (login)
# Users: support sales anna bjorn cissi chef alla kund1 ... kund50 @example.test, plus addresses too; whatever is sent
# to anyone at kund.test lands with alla@example.test, who stands for customers elsewhere.
# Environment: LAB_PASS (password of all, default "hemlig"), LAB_FSYNC=optimized|always|never (Dovecot's mail_fsync),
# LAB_OAUTH=http://127.0.0.1:PORT/introspect: users also sign in by XOAUTH2 and OAUTHBEARER, with tokens that this address
# (RFC 7662) calls active and names the user of. It is asked at each login, by IMAP and by submission.
set -euo pipefail
export LC_ALL=C
[ $# -ge 1 ] || { echo "usage: $0 STATEDIR [BASEPORT]" >&2; exit 2; }
mkdir -p "$1"; S=$(cd "$1" && pwd -P); B=${2:-31000}
here=$(cd "$(dirname "$0")" && pwd -P)
pass=${LAB_PASS:-hemlig}; fsync=${LAB_FSYNC:-optimized}; domain=example.test; vuid=20099
[ "$(id -u)" = 0 ] || { echo "the mail lab needs root: its servers change their user" >&2; exit 1; }
# Unix socket paths end at 107 bytes.
[ ${#S} -le 70 ] || { echo "STATEDIR too long (${#S} > 70 bytes): $S" >&2; exit 1; }
chmod 755 "$S"
p=$S; while [ "$p" != / ]; do   # the servers' own users walk to STATEDIR
  [ $(( 0$(stat -c %a "$p") & 1 )) = 1 ] || { echo "$p is not searchable by others (chmod o+x)" >&2; exit 1; }
  p=$(dirname "$p"); done

# ---- packages ---------------------------------------------------------------------------------------------------
if ! { [ -x /usr/sbin/dovecot ] && [ -x /usr/lib/dovecot/imap ] && [ -x /usr/lib/dovecot/lmtp ] &&
       [ -x /usr/sbin/postfix ] && command -v openssl >/dev/null; }; then
  export DEBIAN_FRONTEND=noninteractive
  echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections
  apt-get update -q -o DPkg::Lock::Timeout=300 >/dev/null
  # RUNLEVEL=1: the packages do not start servers of their own on the standard ports.
  RUNLEVEL=1 apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 \
    dovecot-core dovecot-imapd dovecot-lmtpd postfix openssl >/dev/null
fi
case "$(/usr/sbin/dovecot --version)" in 2.3.*) ;; *) echo "the lab's configuration is for Dovecot 2.3" >&2; exit 1;; esac

bash "$here/down.sh" "$S"
mkdir -p "$S"/{tls,log,mail,dovecot/run,dovecot/state,postfix/etc,postfix/spool,postfix/data}
chown $vuid:$vuid "$S/mail"; chown postfix:root "$S/postfix/data"
chmod 755 "$S"/{tls,mail,dovecot,dovecot/run,postfix,postfix/etc}
chmod 1777 "$S/log"   # Dovecot opens its log as root, postlogd and others do not

# ---- certificates: our own authority, a server certificate, and an authority nobody uses --------------------------
if [ ! -s "$S/tls/server.pem" ]; then ( cd "$S/tls"
  for ca in ca other; do
    openssl ecparam -name prime256v1 -genkey -noout -out $ca.key 2>/dev/null
    openssl req -x509 -new -key $ca.key -days 3650 -subj "/CN=Lab $ca" -addext "basicConstraints=critical,CA:TRUE" \
      -addext "keyUsage=critical,keyCertSign,cRLSign" -out $ca.pem 2>/dev/null
  done
  openssl ecparam -name prime256v1 -genkey -noout -out server.key 2>/dev/null
  openssl req -new -key server.key -subj "/CN=localhost" -out server.csr 2>/dev/null
  printf '%s\n' basicConstraints=CA:FALSE keyUsage=digitalSignature extendedKeyUsage=serverAuth \
    "subjectAltName=DNS:localhost,DNS:mail.$domain,IP:127.0.0.1" > ext
  openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 400 -extfile ext -out server.pem 2>/dev/null
  rm -f server.csr ext; chmod 600 ./*.key; chmod 644 ./*.pem )
fi

# ---- users ------------------------------------------------------------------------------------------------------
users="support sales anna bjorn cissi chef alla"; for i in $(seq 1 50); do users="$users kund$i"; done
umask 022
: > "$S/dovecot/users"; : > "$S/postfix/etc/vmailbox"
for u in $users; do
  echo "$u@$domain:{PLAIN}$pass" >> "$S/dovecot/users"; echo "$u@$domain ok" >> "$S/postfix/etc/vmailbox"
done
# One whose password is no ASCII.
echo "utf8@$domain:{PLAIN}hemlig-åäö\"\\" >> "$S/dovecot/users"
printf '@kund.test alla@%s\npostmaster@%s chef@%s\n' $domain $domain $domain > "$S/postfix/etc/valias"
chown root:dovecot "$S/dovecot/users"; chmod 640 "$S/dovecot/users"

# ---- tokens instead of passwords ----------------------------------------------------------------------------------
oauth_mechanisms=; oauth_passdb=
if [ -n "${LAB_OAUTH:-}" ]; then
  oauth_mechanisms="xoauth2 oauthbearer"
  printf '%s\n' "introspection_mode = post" "introspection_url = $LAB_OAUTH" "username_attribute = username" \
    "active_attribute = active" "active_value = true" > "$S/dovecot/oauth2.conf.ext"
  oauth_passdb="passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = $S/dovecot/oauth2.conf.ext
}"
fi

# ---- Dovecot ----------------------------------------------------------------------------------------------------
special=; for f in Drafts Junk Sent Trash Archive; do
  special="$special  mailbox $f {
    special_use = \\$f
    auto = subscribe
  }
"; done
cat > "$S/dovecot/dovecot.conf" <<C
base_dir = $S/dovecot/run
state_dir = $S/dovecot/state
protocols = imap lmtp
listen = 127.0.0.1
log_path = $S/log/dovecot.log
auth_verbose = yes
# A test of a wrong password must not wait for seconds.
auth_failure_delay = 0
auth_mechanisms = plain login $oauth_mechanisms
auth_username_format = %Lu
auth_default_realm = $domain
disable_plaintext_auth = no
ssl = yes
ssl_cert = <$S/tls/server.pem
ssl_key = <$S/tls/server.key
ssl_min_protocol = TLSv1.2
mail_uid = $vuid
mail_gid = $vuid
first_valid_uid = $vuid
mail_home = $S/mail/%Ln
mail_location = maildir:~/Maildir
mail_fsync = $fsync
recipient_delimiter = +
lmtp_save_to_detail_mailbox = no
# Delivered-To keeps the plus part.
lmtp_hdr_delivery_address = final
hostname = mail.$domain
postmaster_address = postmaster@$domain
mail_max_userip_connections = 500
imap_idle_notify_interval = 2 min
$oauth_passdb
passdb {
  driver = passwd-file
  # none: who exists, asked without a login.
  mechanisms = none plain login
  args = scheme=PLAIN username_format=%Lu $S/dovecot/users
}
userdb {
  driver = static
  args = uid=$vuid gid=$vuid home=$S/mail/%Ln
}
namespace inbox {
  inbox = yes
  separator = /
$special}
service imap-login {
  process_min_avail = 1
  inet_listener imap {
    port = $((B+143))
  }
  inet_listener imaps {
    port = $((B+993))
    ssl = yes
  }
}
service lmtp {
  unix_listener lmtp {
    mode = 0666
  }
  inet_listener lmtp {
    address = 127.0.0.1
    port = $((B+24))
  }
}
service auth {
  unix_listener auth-postfix {
    mode = 0666
  }
}
# No penalty for wrong passwords.
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
C

# ---- Postfix ----------------------------------------------------------------------------------------------------
etc=$S/postfix/etc
cat > "$etc/main.cf" <<C
compatibility_level = 3.6
queue_directory = $S/postfix/spool
data_directory = $S/postfix/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
default_privs = nobody
maillog_file = $S/log/postfix.log
maillog_file_prefixes = $S/log
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.$domain
mydomain = $domain
myorigin = $domain
mydestination =
local_recipient_maps =
local_transport = error:no local delivery in the lab
default_transport = error:the lab delivers nowhere but example.test and kund.test
relay_transport = error:no relaying
alias_maps =
alias_database =
mynetworks = 127.0.0.0/8
append_dot_mydomain = no
biff = no
recipient_delimiter = +
virtual_mailbox_domains = $domain
virtual_mailbox_maps = texthash:$etc/vmailbox
virtual_alias_domains = kund.test
virtual_alias_maps = texthash:$etc/valias
virtual_transport = lmtp:unix:$S/dovecot/run/lmtp
lmtp_destination_concurrency_limit = 4
smtpd_peername_lookup = no
disable_dns_lookups = yes
smtp_host_lookup = native
smtpd_tls_security_level = may
smtpd_tls_cert_file = $S/tls/server.pem
smtpd_tls_key_file = $S/tls/server.key
smtpd_tls_session_cache_database =
smtpd_sasl_type = dovecot
smtpd_sasl_path = $S/dovecot/run/auth-postfix
smtpd_sasl_security_options = noanonymous
smtpd_sasl_authenticated_header = yes
smtpd_tls_auth_only = yes
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_recipient_restrictions =
message_size_limit = 52428800
mailbox_size_limit = 0
in_flow_delay = 0
queue_run_delay = 5s
minimal_backoff_time = 5s
maximal_backoff_time = 10s
maximal_queue_lifetime = 1d
notify_classes =
C
{ cat <<C
127.0.0.1:$((B+25))  inet n - n - - smtpd
127.0.0.1:$((B+587)) inet n - n - - smtpd
  -o syslog_name=postfix/submission
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_tls_security_level=encrypt
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
127.0.0.1:$((B+465)) inet n - n - - smtpd
  -o syslog_name=postfix/submissions
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_tls_wrappermode=yes
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
pickup    unix  n       -       n       60      1       pickup
qmgr      unix  n       -       n       300     1       qmgr
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
verify    unix  -       -       n       -       1       verify
flush     unix  n       -       n       1000?   0       flush
proxywrite unix -       -       n       -       1       proxymap
cleanup   unix  n       -       n       -       0       cleanup
rewrite   unix  -       -       n       -       -       trivial-rewrite
anvil     unix  -       -       n       -       1       anvil
scache    unix  -       -       n       -       1       scache
postlog   unix-dgram n  -       n       -       1       postlogd
C
for s in proxymap smtp error discard lmtp; do echo "$s unix - - n - - $s"; done
echo "relay unix - - n - - smtp"; echo "retry unix - - n - - error"; echo "showq unix n - n - - showq"; } > "$etc/master.cf"

cat > "$S/env.sh" <<C
export LAB_STATE=$S LAB_HOST=127.0.0.1 LAB_DOMAIN=$domain LAB_PASS=$pass LAB_CA=$S/tls/ca.pem
export LAB_IMAP=$((B+143)) LAB_IMAPS=$((B+993)) LAB_SMTP=$((B+25)) LAB_SUBMISSION=$((B+587)) LAB_SMTPS=$((B+465)) LAB_LMTP=$((B+24))
C

bash "$here/start.sh" "$S"
echo "mail lab up: imap $((B+143)) imaps $((B+993)) smtp $((B+25)) submission $((B+587)) smtps $((B+465)) lmtp $((B+24)); password '$pass'; . $S/env.sh"
