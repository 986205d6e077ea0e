/** Chromium flags to embed from the local stack: it answers under Microsoft's host name with a self-signed certificate. */
export const HOST_FLAGS = ['--host-resolver-rules=MAP app.powerbi.com 127.0.0.1', '--ignore-certificate-errors'];
