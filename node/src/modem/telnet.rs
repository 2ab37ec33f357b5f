//! A TCP connection to a modem, behind a telnet host or not: a host that never speaks telnet is served as it is.

use std::io;
use std::time::Duration;

use smsgrid::at::telnet::{SignIn, TelnetFilter, Words, escaped};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::port::Stream;

/// Longest sign-in.
const SIGN_IN_TIMEOUT: Duration = Duration::from_secs(30);
/// Octets read at once.
const READ_OCTETS: usize = 4096;

/// The connection.
pub(super) struct TelnetStream {
    stream: Box<dyn Stream>,
    filter: TelnetFilter,
    /// Data that was read and not taken yet.
    ready: Vec<u8>,
    /// Refusals that are not written yet.
    refusals: Vec<u8>,
    /// The sign-in that was made, which a host may still refuse.
    signed_in: Option<Box<SignIn>>,
}

impl TelnetStream {
    pub(super) fn new(stream: Box<dyn Stream>) -> TelnetStream {
        TelnetStream {
            stream,
            filter: TelnetFilter::default(),
            ready: Vec::new(),
            refusals: Vec::new(),
            signed_in: None,
        }
    }

    /// Answers the prompts of the host; whoever has nothing to say is let in at once.
    pub(super) async fn sign_in(&mut self, words: Words) -> Result<(), String> {
        self.sign_in_within(SIGN_IN_TIMEOUT, words).await
    }

    async fn sign_in_within(&mut self, patience: Duration, words: Words) -> Result<(), String> {
        let mut sign_in = SignIn::new(words);
        match tokio::time::timeout(patience, self.answer(&mut sign_in)).await {
            Ok(end) => {
                self.signed_in = Some(Box::new(sign_in));
                end
            }
            Err(_) => {
                let asked = sign_in.awaits().map(|asked| asked.to_string()).unwrap_or_default();
                Err(format!("the host did not ask for {asked} within {patience:?}"))
            }
        }
    }

    async fn answer(&mut self, sign_in: &mut SignIn) -> Result<(), String> {
        while sign_in.awaits().is_some() {
            self.fill().await.map_err(|failure| failure.to_string())?;
            let answers = sign_in.push(&mut self.ready).map_err(|fault| fault.to_string())?;
            self.write(&answers).await.map_err(|failure| failure.to_string())?;
        }
        Ok(())
    }

    /// Waits for data of the modem. Safe to drop: what was read and what is to be answered stays here.
    pub(super) async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.ready.is_empty() {
            match self.fill().await {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                filled => filled?,
            }
        }
        let octets = self.ready.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(self.ready.drain(..octets)) {
            *to = from;
        }
        Ok(octets)
    }

    pub(super) async fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.stream.write_all(&escaped(octets)).await
    }

    /// Reads once, and refuses what is asked.
    async fn fill(&mut self) -> io::Result<()> {
        self.refuse().await?;
        let mut octets = [0; READ_OCTETS];
        let read = self.stream.read(&mut octets).await?;
        if read == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the host closed the connection"));
        }
        let octets = octets.get(..read).unwrap_or_default();
        let known = self.ready.len();
        self.filter.push(octets, &mut self.ready, &mut self.refusals).map_err(io::Error::other)?;
        if let Some(signed_in) = &mut self.signed_in {
            signed_in.watch(self.ready.get(known..).unwrap_or_default()).map_err(io::Error::other)?;
        }
        self.refuse().await
    }

    async fn refuse(&mut self) -> io::Result<()> {
        while !self.refusals.is_empty() {
            let written = self.stream.write(&self.refusals).await?;
            self.refusals.drain(..written);
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_host_that_does_not_ask_is_given_up_in_time() {
        let (near, mut far) = tokio::io::duplex(64);
        far.write_all(b"welcome").await.expect("room");
        let words = Words { login: Some("sms".to_owned()), ..Words::default() };

        let end = TelnetStream::new(Box::new(near)).sign_in_within(Duration::from_millis(20), words).await;

        assert_eq!(end, Err("the host did not ask for a user within 20ms".to_owned()));
    }

    #[tokio::test]
    async fn a_host_that_gives_an_octet_now_and_then_for_ever_is_given_up_in_time() {
        let (near, mut far) = tokio::io::duplex(64);
        let trickle = tokio::spawn(async move {
            while far.write_all(b".").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        });
        let words = Words { login: Some("sms".to_owned()), ..Words::default() };

        let end = TelnetStream::new(Box::new(near)).sign_in_within(Duration::from_millis(50), words).await;

        assert_eq!(end, Err("the host did not ask for a user within 50ms".to_owned()));
        // The port is closed with it, so that the host cannot go on.
        trickle.await.expect("it ends");
    }

    #[tokio::test]
    async fn a_host_that_asks_again_after_the_password_is_no_modem() {
        let (near, mut far) = tokio::io::duplex(64);
        let mut stream = TelnetStream::new(Box::new(near));
        let words =
            Words { login: Some("sms".to_owned()), password: Some("wrong".to_owned()), ..Words::default() };
        far.write_all(b"login: Password:").await.expect("room");
        stream.sign_in(words).await.expect("everything is answered");

        far.write_all(b"\r\nLogin incorrect\r\nlogin: ").await.expect("room");
        let failure = stream.read(&mut [0; 64]).await.expect_err("refused");
        assert_eq!(failure.to_string(), "the host did not accept the user or the password");
    }

    #[tokio::test]
    async fn without_words_nothing_is_waited_for_and_octets_pass_as_they_are() {
        let (near, mut far) = tokio::io::duplex(64);
        let mut stream = TelnetStream::new(Box::new(near));
        stream.sign_in(Words::default()).await.expect("let in");

        stream.write(b"AT\r").await.expect("room");
        far.write_all(b"\r\nOK\r\n").await.expect("room");

        let (mut told, mut answer) = ([0; 3], [0; 64]);
        far.read_exact(&mut told).await.expect("told");
        let octets = stream.read(&mut answer).await.expect("answered");
        assert_eq!((&told, &answer[..octets]), (b"AT\r", &b"\r\nOK\r\n"[..]));
    }
}
