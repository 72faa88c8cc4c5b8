//! Ways to a Redis, and what happens when it goes away.

use std::path::Path;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair,
};
use redis::cmd;
use shared::config::{QueueArgs, RedisArgs};
use shared::job::State;
use shared::queue::{Finished, Outcome, Queue, QueueError};
use tests::redis::{RedisServer, free_port};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::bench::{Bench, args, job, tally, worker};

const SOON: Duration = Duration::from_secs(30);

/// Runs one job through every kind of call.
async fn works(queue: &Queue) {
    let new = job();
    queue.ping().await.unwrap();
    queue.submit(&new).await.unwrap();
    let claim = queue
        .claim(&worker("w1"), Uuid::now_v7())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(claim.record.id, new.id);
    let finished = queue
        .finish(claim.lease(), &Outcome::Succeeded(tally(0)))
        .await
        .unwrap();
    assert_eq!(finished, Finished::Done(State::Succeeded));
    let page = queue
        .list(
            &new.owner,
            &shared::queue::ListQuery {
                limit: 10,
                ..Default::default()
            },
        )
        .await
        .unwrap();
    assert_eq!(page.jobs.len(), 1);
    queue.workers().await.unwrap();
    queue.deregister(&worker("w1")).await.unwrap();
    // The first wake-up tells that the subscription stands.
    tokio::time::timeout(SOON, queue.wait_for_work(10 * SOON))
        .await
        .unwrap();
}

/// Calls until the queue answers again; every error meanwhile must say that it is about the moment.
async fn until_it_answers(queue: &Queue) {
    let deadline = Instant::now() + SOON;
    while let Err(error) = queue.counts().await {
        assert!(error.is_transient(), "{error:?}");
        assert!(Instant::now() < deadline, "{error}");
        sleep(Duration::from_millis(20)).await;
    }
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn through_a_unix_socket_and_tcp() {
    let redis = RedisServer::on_port(&[]).await.unwrap();
    works(&Queue::connect(&redis.args(), &args()).await.unwrap()).await;
    let socket = RedisArgs::at(format!("redis+unix://{}?db=1", redis.socket().display()));
    works(&Queue::connect(&socket, &args()).await.unwrap()).await;
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn as_an_acl_user_who_may_touch_nothing_but_the_queue() {
    let redis = RedisServer::on_port(&["--requirepass", "admin-password"])
        .await
        .unwrap();
    let client =
        redis::Client::open(redis.url().replace("redis://", "redis://:admin-password@")).unwrap();
    let mut admin = client.get_multiplexed_async_connection().await.unwrap();
    let mut rule = cmd("ACL");
    rule.arg("SETUSER").arg("app").arg("on").arg(">p@ss/word");
    rule.arg("~{ingest}:*").arg("&{ingest}:*").arg("-@all");
    rule.arg("+@read")
        .arg("+@write")
        .arg("+@scripting")
        .arg("+@pubsub")
        .arg("+@connection")
        .arg("+time")
        .arg("+info");
    let _: () = rule.query_async(&mut admin).await.unwrap();

    let with = |user_info: &str| {
        RedisArgs::at(
            redis
                .url()
                .replace("redis://", &format!("redis://{user_info}@")),
        )
    };
    works(
        &Queue::connect(&with("app:p%40ss%2Fword"), &args())
            .await
            .unwrap(),
    )
    .await;

    let error = Queue::connect(&with("app:wrong-secret"), &args())
        .await
        .err()
        .unwrap();
    assert!(!error.is_transient(), "{error}");
    assert!(!error.to_string().contains("wrong-secret"), "{error}");
    let elsewhere = QueueArgs {
        queue_name: "other".to_owned(),
        ..args()
    };
    let refused = Queue::connect(&with("app:p%40ss%2Fword"), &elsewhere).await;
    assert!(matches!(refused.err(), Some(QueueError::Refused(_))));
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn through_tls_with_a_private_authority_and_our_own_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let certificates = certificates(folder.path());
    let file = |name: &str| folder.path().join(name).display().to_string();
    let redis = RedisServer::on_free_port(|port| {
        let settings = [
            "--port",
            "0",
            "--tls-port",
            &port.to_string(),
            "--tls-ca-cert-file",
            &file("ca.pem"),
            "--tls-cert-file",
            &file("server.pem"),
            "--tls-key-file",
            &file("server.key"),
        ];
        (
            settings.map(str::to_owned).to_vec(),
            format!("rediss://localhost:{port}"),
        )
    })
    .await
    .unwrap();

    let trusting = RedisArgs {
        redis_ca_file: Some(certificates.authority),
        ..redis.args()
    };
    let Err(error) = Queue::connect(&trusting, &args()).await else {
        panic!("the server asks for our certificate");
    };
    assert!(error.is_transient(), "{error:?}");
    let known = RedisArgs {
        redis_cert_file: Some(certificates.client),
        redis_key_file: Some(certificates.client_key),
        ..trusting
    };
    works(&Queue::connect(&known, &args()).await.unwrap()).await;
    let public = RedisArgs {
        redis_ca_file: None,
        ..known
    };
    assert!(
        Queue::connect(&public, &args()).await.is_err(),
        "no public authority signed this server"
    );
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn through_a_cluster() {
    let bus = free_port().unwrap().to_string();
    let redis = RedisServer::on_port(&["--cluster-enabled", "yes", "--cluster-port", &bus])
        .await
        .unwrap();
    let mut raw = redis.connection().await.unwrap();
    let _: String = cmd("CLUSTER")
        .arg("ADDSLOTSRANGE")
        .arg(0)
        .arg(16383)
        .query_async(&mut raw)
        .await
        .unwrap();
    let deadline = Instant::now() + SOON;
    loop {
        let info: String = cmd("CLUSTER")
            .arg("INFO")
            .query_async(&mut raw)
            .await
            .unwrap();
        if info.contains("cluster_state:ok") {
            break;
        }
        assert!(Instant::now() < deadline, "{info}");
        sleep(Duration::from_millis(20)).await;
    }
    let cluster = RedisArgs::at(redis.url().replace("redis://", "redis+cluster://"));
    works(&Queue::connect(&cluster, &args()).await.unwrap()).await;
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn through_sentinel_and_on_to_the_next_master() {
    let first = RedisServer::on_port(&["--requirepass", "pw", "--masterauth", "pw"])
        .await
        .unwrap();
    let port = first.url().rsplit_once(':').unwrap().1.to_owned();
    let replica_of = format!("127.0.0.1 {port}");
    let settings = [
        "--requirepass",
        "pw",
        "--masterauth",
        "pw",
        "--replicaof",
        &replica_of,
    ];
    let second = RedisServer::on_port(&settings).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sentinel.conf");
    let rules = format!(
        "sentinel monitor main 127.0.0.1 {port} 1\nsentinel auth-pass main pw\nsentinel down-after-milliseconds main 500\n\
         sentinel failover-timeout main 2000\nrequirepass s-pw\n"
    );
    std::fs::write(&file, rules).unwrap();
    let file = file.display().to_string();
    let sentinel = RedisServer::sentinel(&file).await.unwrap();

    let hosts = sentinel.url().replace("redis://", "");
    let url = RedisArgs::at(format!(
        "redis+sentinel://:pw@{hosts}/main?sentinel_password=s-pw"
    ));
    let queue = Queue::connect(&url, &args()).await.unwrap();
    works(&queue).await;

    sentinel_knows_the_replica(&hosts).await;
    drop(first);
    let deadline = Instant::now() + 2 * SOON;
    let id = loop {
        let new = job();
        match queue.submit(&new).await {
            Ok(_) => break new.id,
            Err(error) => assert!(
                error.is_transient() && Instant::now() < deadline,
                "{error:?}"
            ),
        }
        sleep(Duration::from_millis(100)).await;
    };
    let client = redis::Client::open(second.url().replace("redis://", "redis://:pw@")).unwrap();
    let mut raw = client.get_multiplexed_async_connection().await.unwrap();
    let found: bool = cmd("EXISTS")
        .arg(format!("{{ingest}}:job:{id}"))
        .query_async(&mut raw)
        .await
        .unwrap();
    assert!(found, "it is on the new master");
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn through_a_restart_without_losing_a_job() {
    let mut redis = RedisServer::durable().await.unwrap();
    let queue = Queue::connect(&redis.args(), &args()).await.unwrap();
    let (waiting, held) = (job(), job());
    queue.submit(&held).await.unwrap();
    let claim = queue
        .claim(&worker("w1"), Uuid::now_v7())
        .await
        .unwrap()
        .unwrap();
    queue.submit(&waiting).await.unwrap();

    redis.kill().unwrap();
    let error = queue.submit(&job()).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    assert!(!error.to_string().contains("sock"), "{error}");
    assert!(queue.ping().await.is_err());

    redis.restart().await.unwrap();
    until_it_answers(&queue).await;
    let finished = queue
        .finish(claim.lease(), &Outcome::Succeeded(tally(0)))
        .await
        .unwrap();
    assert_eq!(finished, Finished::Done(State::Succeeded));
    let next = queue
        .claim(&worker("w1"), Uuid::now_v7())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(next.record.id, waiting.id);
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn through_cut_connections_and_forgotten_scripts() {
    let bench = Bench::new().await;
    for _ in 0..5 {
        let _: () = bench.raw(cmd("SCRIPT").arg("FLUSH")).await;
        bench.submit_one().await;
        let _: u32 = bench
            .raw(
                cmd("CLIENT")
                    .arg("KILL")
                    .arg("TYPE")
                    .arg("normal")
                    .arg("SKIPME")
                    .arg("yes"),
            )
            .await;
        until_it_answers(&bench.queue).await;
        bench.claim().await;
    }
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_process_that_starts_waits_for_a_redis_that_is_away() {
    let mut redis = RedisServer::durable().await.unwrap();
    redis.kill().unwrap();
    let (url, numbers) = (redis.args(), args());
    let starting = Queue::connect_at_start(&url, &numbers);
    let back = async {
        let error = Queue::connect(&url, &numbers).await.unwrap_err();
        assert!(error.is_transient(), "{error:?}");
        redis.restart().await.unwrap();
    };
    let (queue, ()) = tokio::join!(starting, back);
    queue.unwrap().ping().await.unwrap();
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_replica_is_a_matter_of_the_moment() {
    let bench = Bench::new().await;
    let _: () = bench
        .raw(cmd("REPLICAOF").arg("127.0.0.1").arg(free_port().unwrap()))
        .await;
    let error = bench.queue.submit(&job()).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    let _: () = bench.raw(cmd("REPLICAOF").arg("NO").arg("ONE")).await;
    bench.submit_one().await;
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_slow_answer_is_a_matter_of_the_moment() {
    let redis = RedisServer::start().await.unwrap();
    let impatient = RedisArgs {
        redis_response_timeout: Duration::from_millis(100),
        ..redis.args()
    };
    let queue = Queue::connect(&impatient, &args()).await.unwrap();
    let mut raw = redis.connection().await.unwrap();
    let _: () = cmd("CLIENT")
        .arg("PAUSE")
        .arg(1000)
        .arg("ALL")
        .query_async(&mut raw)
        .await
        .unwrap();
    let error = queue.ping().await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    until_it_answers(&queue).await;
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_server_that_may_evict_jobs_is_refused() {
    let redis = RedisServer::on_port(&["--maxmemory-policy", "allkeys-lru"])
        .await
        .unwrap();
    let error = Queue::connect(&redis.args(), &args()).await.err().unwrap();
    assert!(
        matches!(&error, QueueError::Setup(why) if why.contains("noeviction")),
        "{error:?}"
    );
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn an_unreachable_server_is_named_neither_with_its_address_nor_its_password() {
    let port = free_port().unwrap();
    for scheme in ["redis", "redis+cluster", "redis+sentinel"] {
        let url = format!(
            "{scheme}://user:secret-word@127.0.0.1:{port}/{}",
            if scheme.ends_with("el") { "main" } else { "" }
        );
        let error = Queue::connect(&RedisArgs::at(url), &args())
            .await
            .err()
            .unwrap();
        let text = format!("{error} {error:?}");
        assert!(error.is_transient(), "{scheme}: {error:?}");
        assert!(
            !text.contains("secret-word") && !text.contains(&port.to_string()),
            "{text}"
        );
    }
}

async fn sentinel_knows_the_replica(hosts: &str) {
    let client = redis::Client::open(format!("redis://:s-pw@{hosts}")).unwrap();
    let mut raw = client.get_multiplexed_async_connection().await.unwrap();
    let deadline = Instant::now() + 2 * SOON;
    loop {
        let replicas: Vec<std::collections::HashMap<String, String>> = cmd("SENTINEL")
            .arg("REPLICAS")
            .arg("main")
            .query_async(&mut raw)
            .await
            .unwrap();
        let linked = |replica: &std::collections::HashMap<String, String>| {
            replica
                .get("master-link-status")
                .is_some_and(|status| status == "ok")
        };
        if replicas.iter().any(linked) {
            return;
        }
        assert!(Instant::now() < deadline, "{replicas:?}");
        sleep(Duration::from_millis(100)).await;
    }
}

struct Certificates {
    authority: std::path::PathBuf,
    client: std::path::PathBuf,
    client_key: std::path::PathBuf,
}

/// An authority, and a server's and a client's certificate that it signed.
fn certificates(folder: &Path) -> Certificates {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params
        .distinguished_name
        .push(DnType::CommonName, "authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    std::fs::write(folder.join("ca.pem"), authority.pem()).unwrap();
    let roles = [
        ("server", ExtendedKeyUsagePurpose::ServerAuth),
        ("client", ExtendedKeyUsagePurpose::ClientAuth),
    ];
    for (name, role) in roles {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![role];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        std::fs::write(folder.join(format!("{name}.pem")), certificate.pem()).unwrap();
        std::fs::write(folder.join(format!("{name}.key")), key.serialize_pem()).unwrap();
    }
    Certificates {
        authority: folder.join("ca.pem"),
        client: folder.join("client.pem"),
        client_key: folder.join("client.key"),
    }
}
