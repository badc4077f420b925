# Each target prints what it does; the work is in hack/. Start with `make help`.
.DEFAULT_GOAL := help
.PHONY: help setup build image test demo bench format clean
SHELL := /bin/bash

help: ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

setup: ## install the Debian packages that are missing for everything below (as root)
	@hack/setup.sh test

build: ## publish the four binaries to dist/linux-x64
	@hack/build.sh

image: ## the container image for amd64 and arm64, as OCI archives in dist/image (as root)
	@hack/image.sh

test: ## build and run every test (as root, so that none is skipped)
	@hack/test.sh

demo: ## two nodes as network namespaces, pods on both, traffic across, everything cleaned (as root)
	@hack/demo.sh

bench: ## measure the plugin against the reference, and the tunnel against its peers (as root)
	@hack/bench/cni.sh
	@hack/bench/tunnel.sh

format: ## put the sources into the layout that the build insists on
	@echo "format: dotnet format over CniTun.sln"
	@dotnet format CniTun.sln

clean: ## remove everything that was built
	@echo "clean: removing dist, TestResults and every bin and obj"
	@rm -rf dist TestResults
	@find cmd src tests -type d \( -name bin -o -name obj -o -name __mismatch__ \) -prune -exec rm -rf {} +
