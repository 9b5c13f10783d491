/**
 * Has `make` see these variables in the environment, and nobody after it.
 *
 * The SDK reads sampler, batches, endpoint, headers, certificates and resource from the environment alone, by rules that are not
 * worth repeating. But a child is given its settings over IPC, since the environment of a process can be read from outside: the
 * variables, some of which hold secrets, are there only while the SDK is made, which is when it reads them.
 */
export function withVariables<Made>(variables: Readonly<Record<string, string>>, make: () => Made): Made {
  const before = new Map(Object.keys(variables).map((name) => [name, process.env[name]]));
  Object.assign(process.env, variables);
  try {
    return make();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}
