//! Where a worker listens for its peers, and how they reach it.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

use wask_rpc::Address;

use crate::{Config, Error};

/// Where to listen: as configured, else on the interface that leads to the scheduler.
pub(crate) fn listen(config: &Config) -> Result<Address, Error> {
    if let Some(address) = &config.listen {
        return Ok(address.clone());
    }
    Ok(match &config.scheduler {
        Address::Tcp { host, port } => Address::Tcp {
            host: interface_towards(host, *port)?.to_string(),
            port: 0,
        },
        Address::Unix(path) => {
            static COUNT: AtomicU32 = AtomicU32::new(0);
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            Address::Unix(path.with_file_name(format!("worker-{}-{count}.sock", process::id())))
        }
        Address::InProcess(name) => Address::InProcess(format!("{name}/{}", config.name)),
    })
}

/// How peers reach a worker that listens at `bound`.
pub(crate) fn contact(config: &Config, bound: &Address) -> Result<Address, Error> {
    if let Some(address) = &config.contact_address {
        return Ok(match (address, bound) {
            // A host alone, with the port that the system chose.
            (Address::Tcp { host, port: 0 }, Address::Tcp { port, .. }) => Address::Tcp {
                host: host.clone(),
                port: *port,
            },
            _ => address.clone(),
        });
    }
    let Address::Tcp { host, port } = bound else {
        return Ok(bound.clone());
    };
    if !host.parse().is_ok_and(|ip: IpAddr| ip.is_unspecified()) {
        return Ok(bound.clone());
    }
    match &config.scheduler {
        Address::Tcp {
            host: scheduler,
            port: scheduler_port,
        } => Ok(Address::Tcp {
            host: interface_towards(scheduler, *scheduler_port)?.to_string(),
            port: *port,
        }),
        _ => Err(Error::Address(format!(
            "peers cannot connect to {bound}; say with --contact-address how they reach it"
        ))),
    }
}

/// The address of this machine that packets to a host leave from. Nothing is sent.
fn interface_towards(host: &str, port: u16) -> Result<IpAddr, Error> {
    let find = |any: IpAddr| {
        let socket = UdpSocket::bind((any, 0))?;
        socket.connect((host, port))?;
        Ok(socket.local_addr()?.ip())
    };
    find(Ipv4Addr::UNSPECIFIED.into())
        .or_else(|_| find(Ipv6Addr::UNSPECIFIED.into()))
        .map_err(|error: std::io::Error| {
            Error::Address(format!(
                "cannot find a way to the scheduler's host `{host}`: {error}; is it spelled right?"
            ))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(scheduler: &str) -> Config {
        Config::new(scheduler.parse().unwrap())
    }

    #[test]
    fn a_worker_listens_where_the_scheduler_is() {
        let tcp = listen(&config("tcp://127.0.0.1:8786")).unwrap();
        assert_eq!(tcp.to_string(), "tcp://127.0.0.1:0");
        let unix = listen(&config("unix:///run/wask/scheduler.sock")).unwrap();
        assert!(unix.to_string().starts_with("unix:///run/wask/worker-"));
        let mut inproc = config("inproc://a");
        inproc.name = "w1".into();
        assert_eq!(listen(&inproc).unwrap().to_string(), "inproc://a/w1");
    }

    #[test]
    fn peers_are_told_an_address_that_they_can_use() {
        let mut config = config("tcp://127.0.0.1:8786");
        let any = "tcp://0.0.0.0:7".parse().unwrap();
        let told = contact(&config, &any).unwrap();
        assert_eq!(told.to_string(), "tcp://127.0.0.1:7");
        config.contact_address = Some("tcp://gateway.example:0".parse().unwrap());
        let told = contact(&config, &any).unwrap();
        assert_eq!(told.to_string(), "tcp://gateway.example:7");
    }

    #[test]
    fn any_interface_is_no_contact_address() {
        let config = config("unix:///run/wask.sock");
        let error = contact(&config, &"tcp://0.0.0.0:7".parse().unwrap()).unwrap_err();
        assert!(error.to_string().contains("--contact-address"), "{error}");
    }
}
