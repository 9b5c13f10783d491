/** As image indexes name what Node names otherwise. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: 'amd64',
  ia32: '386',
  arm: 'arm/v7',
  // Linux on POWER is little-endian wherever there are images for it.
  ppc64: 'ppc64le',
};

/** Of what runs on this machine: `linux/amd64`. Containers are Linux, whatever the machine is. */
export function ownPlatform(arch: string = process.arch): string {
  return `linux/${ARCHITECTURES[arch] ?? arch}`;
}
