/** The host and the port of an NTP server `host` or `host:port`; addresses of IPv6 have colons. */
export function ntpServer(text: string): { host: string; port: number } {
  const [, host = text, port = '123'] = /^([^:]+):(\d{1,9})$/.exec(text) ?? []
  return { host, port: Number(port) }
}

/**
 * The servers of `FAIRLEAD_NTP`, separated by commas. Throws one sentence for what cannot be the
 * address of a server.
 */
export function ntpSetting(setting: string | undefined): string[] {
  const servers = (setting ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean)
  for (const server of servers) {
    const { host, port } = ntpServer(server)
    if (!/^[\w.:-]+$/.test(host) || port < 1 || port > 65_535)
      throw new Error(
        `FAIRLEAD_NTP must be servers such as ntp.example.com or 192.0.2.1:123, separated by ` +
          `commas; one is ${JSON.stringify(server)}`,
      )
  }
  return servers
}
