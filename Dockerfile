# syntax=docker/dockerfile:1
# Two images from one build: `docker build --target api .` and `--target worker .`

FROM rust:1.95.0-slim-bookworm AS build
# The image has this toolchain; without the line rustup would fetch the components that only development needs.
ENV RUSTUP_TOOLCHAIN=1.95.0
WORKDIR /src
COPY . .
# The caches keep downloaded and compiled dependencies from one build to the next.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked -p api --bin pdf-ingest-api -p worker --bin pdf-ingest-worker \
    && install -D -t /out target/release/pdf-ingest-api target/release/pdf-ingest-worker

# glibc, libgcc and root certificates; no shell, no package manager, user 65532.
FROM gcr.io/distroless/cc-debian12:nonroot AS runtime
ENV LOG_FORMAT=json

FROM runtime AS api
COPY --from=build /out/pdf-ingest-api /usr/local/bin/
ENV API_LISTEN=0.0.0.0:8080
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s --start-interval=1s --retries=3 \
    CMD ["/usr/local/bin/pdf-ingest-api", "--probe"]
ENTRYPOINT ["/usr/local/bin/pdf-ingest-api"]

FROM runtime AS worker
COPY --from=build /out/pdf-ingest-worker /usr/local/bin/
ENV WORKER_LISTEN=0.0.0.0:9464
EXPOSE 9464
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s --start-interval=1s --retries=3 \
    CMD ["/usr/local/bin/pdf-ingest-worker", "--probe"]
ENTRYPOINT ["/usr/local/bin/pdf-ingest-worker"]
