# The images of pcapper: `docker build .` gives the agent, `docker build --target must-gather .` the collector.
# A registry of your own: --build-arg BASE_IMAGE=registry.example/node:24-bookworm-slim (Debian 12 and Node.js 24).
ARG BASE_IMAGE=docker.io/library/node:24-bookworm-slim

# What it takes to build: a compiler, libpcap's headers, npm's packages. Nothing of this stage is shipped but /src/dist.
FROM ${BASE_IMAGE} AS build
RUN apt-get update \
 && apt-get install --yes --no-install-recommends g++ make python3 libpcap-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci
# The addon before the JavaScript: it changes less often and takes longer.
COPY binding.gyp ./
COPY scripts/build ./scripts/build
COPY native ./native
RUN mkdir dist && node --input-type=module --eval \
    'import { buildAddon } from "./scripts/build/addon.ts"; buildAddon(process.cwd());'
COPY scripts/build.ts scripts/generate.ts ./scripts/
COPY scripts/generate ./scripts/generate
COPY chart/crd ./chart/crd
COPY src ./src
RUN node scripts/build.ts

# What runs: the base without npm and whatever else comes with Node.js. Copied into an image of its own below,
# because a file removed in a later layer would still be carried around.
FROM ${BASE_IMAGE} AS slim
RUN apt-get update \
 && apt-get install --yes --no-install-recommends libpcap0.8 \
 && rm -rf /var/lib/apt/lists/* /usr/share/doc /usr/share/man /usr/share/locale /root/.npm /opt/yarn* \
    /usr/local/lib/node_modules /usr/local/include /usr/local/share /usr/local/etc/npmrc \
    /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn /usr/local/bin/yarnpkg \
 && find /var/log /var/cache -type f -delete

FROM scratch AS pcapper
COPY --from=slim / /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin NODE_ENV=production
COPY LICENSE /opt/pcapper/
COPY bin/pcapper /opt/pcapper/bin/
COPY --from=build /src/dist /opt/pcapper/dist
RUN ln -s /opt/pcapper/bin/pcapper /usr/local/bin/pcapper && pcapper --version
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="pcapper" \
      org.opencontainers.image.description="Packet capture as a Kubernetes resource" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# `oc adm must-gather` calls /usr/bin/gather without arguments and reads /must-gather back by rsync or tar; bash and tar
# are in the base, procps and util-linux are what it watches the volume with.
FROM pcapper AS must-gather
RUN apt-get update \
 && apt-get install --yes --no-install-recommends rsync procps \
 && rm -rf /var/lib/apt/lists/* /usr/share/doc /usr/share/man \
 && find /var/log /var/cache -type f -delete
COPY image/gather.sh /usr/bin/gather
RUN mkdir /must-gather
LABEL org.opencontainers.image.title="pcapper must-gather" \
      org.opencontainers.image.description="Collects the captures of a cluster into /must-gather"
CMD ["/usr/bin/gather"]

# Last, so that it is what a build without --target gives.
FROM pcapper AS agent
ENTRYPOINT ["pcapper"]
CMD ["agent"]
