/** What lets a page embed from the local stack: Microsoft's host name, with a certificate of nobody's. */
export const HOST_FLAGS = ['--host-resolver-rules=MAP app.powerbi.com 127.0.0.1', '--ignore-certificate-errors'];
