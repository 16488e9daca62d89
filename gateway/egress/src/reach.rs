//! Which addresses may be dialled. Decided on the address itself, after the name was resolved, so that no name can lie.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an egress was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Public addresses only.
    Public,
    /// Public addresses and this machine's loopback.
    Loopback,
    /// Private networks and loopback too; still no link-local address, where clouds keep their credentials.
    Private,
    /// Anything: addresses the operator wrote into the gateway's own configuration.
    Anywhere,
}

impl Reach {
    /// What an endpoint may dial: by its own grant of private networks, else by the operator's of loopback.
    #[must_use]
    pub const fn granted(private: bool, loopback: bool) -> Self {
        match (private, loopback) {
            (true, _) => Self::Private,
            (false, true) => Self::Loopback,
            (false, false) => Self::Public,
        }
    }

    /// Whether that address may be dialled.
    #[must_use]
    pub fn allows(self, address: IpAddr) -> bool {
        let kind = Kind::of(address);
        match self {
            Self::Anywhere => true,
            Self::Private => kind != Kind::Never,
            Self::Loopback => matches!(kind, Kind::Public | Kind::Loopback),
            Self::Public => kind == Kind::Public,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Public,
    Loopback,
    Private,
    Never,
}

impl Kind {
    fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => Self::of_v4(v4),
            IpAddr::V6(v6) => Self::of_v6(v6),
        }
    }

    fn of_v4(address: Ipv4Addr) -> Self {
        let [a, b, c, _] = address.octets();
        match (a, b, c) {
            (127, ..) => Self::Loopback,
            (10, ..) | (172, 16..=31, _) | (192, 168, _) | (100, 64..=127, _) => Self::Private,
            (0 | 224..=255, ..) | (169, 254, _) | (192, 0, 0 | 2) | (198, 18..=19, _) => Self::Never,
            (198, 51, 100) | (203, 0, 113) | (192, 88, 99) => Self::Never,
            _ => Self::Public,
        }
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        if let Some(inner) = embedded_v4(address) {
            return Self::of_v4(inner);
        }
        let first = address.segments()[0];
        match first {
            _ if address == Ipv6Addr::LOCALHOST => Self::Loopback,
            // The metadata service of one cloud has an address in the private range.
            _ if address == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254) => Self::Never,
            0xfc00..=0xfdff => Self::Private,
            0x2000..=0x3fff if address.segments()[..2] != [0x2001, 0xdb8] => Self::Public,
            _ => Self::Never,
        }
    }
}

/// The IPv4 address an IPv6 one stands for: mapped, compatible, NAT64, 6to4.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let join = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match segments {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(join(high, low)),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some(join(high, low)),
        [0x2002, high, low, ..] => Some(join(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(reach: Reach, addresses: &[&str]) -> Vec<bool> {
        addresses.iter().map(|address| reach.allows(address.parse().unwrap())).collect()
    }

    #[test]
    fn public_addresses_may_be_dialled_by_everybody() {
        let public = ["8.8.8.8", "104.18.7.192", "2606:4700::6812:7c0", "::ffff:8.8.8.8"];
        assert_eq!(allowed(Reach::Public, &public), [true; 4]);
    }

    #[test]
    fn private_addresses_need_a_grant_in_every_disguise() {
        let private = [
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "fd12::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
        ];
        assert_eq!(allowed(Reach::Public, &private), [false; 8]);
        assert_eq!(allowed(Reach::Loopback, &private), [false; 8]);
        assert_eq!(allowed(Reach::Private, &private), [true; 8]);
    }

    #[test]
    fn loopback_needs_a_grant_too() {
        let loopback = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"];
        assert_eq!(allowed(Reach::Public, &loopback), [false; 4]);
        assert_eq!(allowed(Reach::Loopback, &loopback), [true; 4]);
    }

    #[test]
    fn metadata_services_and_link_local_addresses_are_out_of_every_grant() {
        let never = [
            "169.254.169.254",
            "fe80::1",
            "fd00:ec2::254",
            "0.0.0.0",
            "::",
            "224.0.0.1",
            "255.255.255.255",
            "::ffff:169.254.169.254",
        ];
        assert_eq!(allowed(Reach::Private, &never), [false; 8]);
    }
}
