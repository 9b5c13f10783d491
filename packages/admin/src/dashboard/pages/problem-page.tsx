import type { JSX } from 'preact';
import type { Assets } from '../assets.ts';
import { DASHBOARD } from '../links.ts';
import { Layout } from '../parts/layout.tsx';
import type { Visit } from '../visit.ts';

export interface ProblemPageProps {
  /** A sentence that says what to do. */
  readonly problem: string;
  readonly back: string;
  readonly visit: Visit;
  readonly assets: Assets;
}

export function ProblemPage({ problem, back, visit, assets }: ProblemPageProps): JSX.Element {
  return (
    <Layout title="That did not work" visit={visit} assets={assets}>
      <section class="card question">
        <h1>That did not work</h1>
        <p class="problem">{problem}</p>
        <div class="answers">
          <a class="button" href={back}>
            Back
          </a>
          <a class="button" href={DASHBOARD}>
            Overview
          </a>
        </div>
      </section>
    </Layout>
  );
}
