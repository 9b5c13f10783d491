/** Commands with which users can pull the demo's image themselves. */
export function tryItCommands(host: string, repository: string, tag: string): string[] {
  const image = `${host}/${repository}:${tag}`;
  return [
    `podman pull --tls-verify=false ${image}`,
    `skopeo inspect --tls-verify=false docker://${image}`,
    `crane pull --insecure ${image} hello.tar`,
    `curl --insecure --include https://${host}/v2/${repository}/manifests/${tag}`,
  ];
}
