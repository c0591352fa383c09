# For pods of the tests: it sleeps, it pings, and it holds the namespaces of other pods.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
RUN apt-get update \
 && apt-get install --yes --no-install-recommends iputils-ping \
 && rm -rf /var/lib/apt/lists/*
CMD ["sleep", "infinity"]
