/**
 * Why a port cannot be had, and what to do about it, by the name of the system's error; undefined for one that is not of a port.
 *
 * @param key where it is configured
 */
export function describePortProblem(code: unknown, key: string = 'http.addr'): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return `another process has this port: stop it, or set ${key}`;
    case 'EACCES':
      return `this user may not have a port that low: set ${key} to one above 1023; a container may be started as root, or with --sysctl net.ipv4.ip_unprivileged_port_start=0`;
    case 'EADDRNOTAVAIL':
      return `this machine has no such address: set ${key}`;
    default:
      return undefined;
  }
}
