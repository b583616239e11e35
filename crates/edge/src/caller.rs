//! Who is calling, as far as the network and the headers tell.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, header};
use ipnet::IpNet;
use parlor_model::visitor::Connection;

/// The other end of the connection; the server puts it into each request's extensions.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// What handlers know of a caller.
#[derive(Debug, Clone, Default)]
pub(crate) struct Caller {
    /// The peer's address, or the one a trusted proxy forwarded.
    pub(crate) address: Option<IpAddr>,
    /// The request carries both of the widget's cookies (section 1.7 of `visitor-api.md`).
    pub(crate) is_widget: bool,
    /// `Host`.
    pub(crate) host: Option<String>,
}

impl Caller {
    pub(crate) fn new(peer: Option<Peer>, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let peer = peer.map(|Peer(address)| address.ip().to_canonical());
        let address = match peer {
            Some(peer) if is_trusted(peer, trusted) => Some(forwarded(headers, trusted).unwrap_or(peer)),
            other => other,
        };
        Self { address, is_widget: has_widget_cookies(headers), host: text(headers, header::HOST.as_str()) }
    }

    /// What may be kept of the request that registers a visitor.
    pub(crate) fn connection(&self, headers: &HeaderMap) -> Connection {
        Connection {
            user_agent: text(headers, header::USER_AGENT.as_str()),
            ip: self.address.map(|a| a.to_string()),
            host: self.host.clone(),
        }
    }
}

pub(crate) fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&address))
}

/// The nearest address in `X-Forwarded-For` that is not one of our own proxies. Whatever stands further left was
/// written by someone we have no reason to believe.
fn forwarded(headers: &HeaderMap, trusted: &[IpNet]) -> Option<IpAddr> {
    let mut nearest = None;
    for value in headers.get_all("x-forwarded-for").into_iter().rev() {
        for part in value.to_str().ok()?.rsplit(',') {
            let address: IpAddr = part.trim().parse().ok()?;
            nearest = Some(address.to_canonical());
            if !is_trusted(address.to_canonical(), trusted) {
                return nearest;
            }
        }
    }
    nearest.or_else(|| headers.get("x-real-ip")?.to_str().ok()?.trim().parse().ok())
}

fn has_widget_cookies(headers: &HeaderMap) -> bool {
    let (mut widget, mut livechat) = (false, false);
    for value in headers.get_all(header::COOKIE) {
        for cookie in value.to_str().unwrap_or_default().split(';') {
            match cookie.trim() {
                "rc_is_widget=t" => widget = true,
                "rc_room_type=l" => livechat = true,
                _ => {}
            }
        }
    }
    widget && livechat
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn caller(peer: &str, forwarded: &str, trusted: &[&str]) -> String {
        let trusted: Vec<IpNet> = trusted.iter().map(|t| t.parse().unwrap()).collect();
        let peer = Some(Peer(SocketAddr::new(peer.parse().unwrap(), 1)));
        Caller::new(peer, &headers(&[("x-forwarded-for", forwarded)]), &trusted).address.unwrap().to_string()
    }

    #[test]
    fn forwarded_addresses_are_believed_from_trusted_proxies_only() {
        assert_eq!(caller("203.0.113.9", "198.51.100.1", &[]), "203.0.113.9");
        assert_eq!(caller("10.0.0.1", "198.51.100.1", &["10.0.0.0/8"]), "198.51.100.1");
        assert_eq!(caller("10.0.0.1", "6.6.6.6, 198.51.100.1, 10.0.0.2", &["10.0.0.0/8"]), "198.51.100.1");
        assert_eq!(caller("::ffff:10.0.0.1", "198.51.100.1", &["10.0.0.0/8"]), "198.51.100.1");
        assert_eq!(caller("10.0.0.1", "nonsense", &["10.0.0.0/8"]), "10.0.0.1");
    }

    #[test]
    fn the_widget_is_known_by_both_cookies() {
        let both = headers(&[("cookie", "a=b; rc_is_widget=t; rc_room_type=l")]);
        assert!(Caller::new(None, &both, &[]).is_widget);
        let one = headers(&[("cookie", "rc_is_widget=t")]);
        assert!(!Caller::new(None, &one, &[]).is_widget);
    }
}
