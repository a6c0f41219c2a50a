# Two commands do everything: `make run` and `make test`. `make help` lists the rest.

SHELL := bash
.DEFAULT_GOAL := help
SWIFT_BUILD := swift build --explicit-target-dependency-import-check error
RELEASE := $(SWIFT_BUILD) -c release --static-swift-stdlib --product tidegate

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: run
run: release ## build and start the gateway with live data on http://127.0.0.1:8080
	@exec .build/release/tidegate serve --config config.json

.PHONY: run-tls
run-tls: release ## the same by TLS on https://localhost:8443, with an authority and a certificate made for it in .tls
	@Tests/certificates .tls
	@printf '%s\n' '' 'Whoever is to trust it must know the authority in .tls/ca.pem:' \
	    '  curl       curl --cacert .tls/ca.pem https://localhost:8443/topics' \
	    '  tidegate   .build/release/tidegate watch https://localhost:8443 --ca .tls/ca.pem' \
	    '  Chromium   certutil -d sql:$$HOME/.pki/nssdb -A -t C,, -n tidegate -i .tls/ca.pem' \
	    '  Firefox    Settings, Certificates, Authorities, Import' \
	    '  Debian     sudo cp .tls/ca.pem /usr/local/share/ca-certificates/tidegate.crt && sudo update-ca-certificates'
	@exec .build/release/tidegate serve --config config.json --set endpoints.0.port=8443 \
	    --set endpoints.0.tls.certificate=.tls/server.pem --set endpoints.0.tls.key=.tls/server.key

.PHONY: release
release: needs ## build the release binary, .build/release/tidegate
	@$(RELEASE)

.PHONY: needs
needs: ## check for the toolchain and the system libraries; install what apt can
	@./Tests/needs

.PHONY: test
test: needs ## format, build with warnings as errors, all tests, a short run of each fuzzer
	@./Tests/run

.PHONY: simulate
simulate: ## a whole gateway in simulated time, seed after seed (SEED=1 STEPS=5000000; SEED=42 STEPS=1 repeats one)
	@swift build -c release --product tidegate-simulate
	@.build/release/tidegate-simulate $${SEED:-1} $${STEPS:-5000000}

.PHONY: simulate-storage
simulate-storage: ## journals on disks that fail, power cuts and damage, seed after seed (SEED=1 WORLDS=10000)
	@swift build -c release --product tidegate-simulate-storage
	@.build/release/tidegate-simulate-storage $${WORLDS:-10000} $${SEED:-1}

.PHONY: simulate-cluster
simulate-cluster: ## nodes of a cluster over servers that fail, part and forget, seed after seed (SEED=1 WORLDS=10000)
	@swift build -c release --product tidegate-simulate-cluster
	@.build/release/tidegate-simulate-cluster $${WORLDS:-10000} $${SEED:-1}

.PHONY: durability
durability: release ## the release binary under kill -9, on full disks and on disks that fail (ROUNDS=100 SEED=1)
	@Tests/Durability/run $(SEED)

.PHONY: cluster
cluster: release ## Redis, three gateways and HAProxy on this machine, on http://127.0.0.1:8080
	@exec samples/cluster/run

.PHONY: cluster-test
cluster-test: release ## three real gateways on real Redis servers, while everything breaks that can (some ten minutes; CASES=sentinel; CASES="--server valkey sentinel")
	@Tests/Cluster/run $(CASES)

.PHONY: fuzz
fuzz: needs ## a minute of each fuzzer (SECONDS_EACH=60)
	@for name in $$(Tests/Fuzzers/run names); do Tests/Fuzzers/run $$name $${SECONDS_EACH:-60} || exit 1; done

.PHONY: conformance
conformance: needs ## all 517 cases of the Autobahn suite against an echo of our connection code (TLS=yes: over wss)
	@Tests/Conformance/run $(if $(TLS),--tls) full

.PHONY: interop
interop: needs ## clients and proxies that others made, against the gateway
	@Tests/Interop/run

.PHONY: bench
bench: release ## the gateway under load: all workloads, a table of what they cost (some ten minutes)
	@swift build -c release --product tidegate-bench
	@.build/release/tidegate-bench run $(WORKLOADS)

.PHONY: bench-peers
bench-peers: release ## the same beside NATS, Mosquitto and nchan, in turns (twenty minutes)
	@Benchmarks/peers
	@swift build -c release --product tidegate-bench
	@.build/release/tidegate-bench peers $(WORKLOADS)

# A terminal may export LINES, its height: only what stands on the command line counts.
.PHONY: bench-isolation
bench-isolation: release ## one reader beside hostile clients, and the longest turn (LINES="storm poll" TOPICS=20000,1000000)
	@swift build -c release --product tidegate-bench
	@.build/release/tidegate-bench isolate $(if $(findstring command,$(origin LINES)),$(LINES)) $(if $(TOPICS),--topics $(TOPICS))

.PHONY: bench-soak
bench-soak: release ## with a journal and one snapshot after the other, a row a minute (MINUTES=60)
	@swift build -c release --product tidegate-bench
	@.build/release/tidegate-bench soak $(MINUTES)

.PHONY: test-browser
test-browser: needs ## the client library in Node, the page in headless Chromium and Firefox
	@Tests/Browser/run

.PHONY: test-terminal
test-terminal: needs ## `tidegate watch` under tmux: every key, resizing, suspending, restarts, crashes
	@Tests/Terminal/run

.PHONY: bench-watch
bench-watch: release ## bytes and CPU of `tidegate watch` at 10,000 topics and 100,000 updates a second
	@Benchmarks/watch

.PHONY: format
format: ## lay out all Swift files
	@swift format -i -r Package.swift Sources Tests Benchmarks

.PHONY: clean
clean: ## remove what was built
	@rm -rf .build .build-* .venv
