import {
  chromium,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Page,
} from 'playwright-core';

/** Debian's Chromium, which `install-tools.sh` installs. */
const EXECUTABLE = '/usr/bin/chromium';

/** A browser that writes down whatever a page should not do. */
export interface DashboardBrowser {
  /** A window of its own, with its own cookies. */
  open(options?: BrowserContextOptions): Promise<DashboardWindow>;
  close(): Promise<void>;
}

export interface DashboardWindow {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors of scripts and of the console, violations of the content security policy, requests to anywhere else. */
  readonly offences: readonly string[];
  close(): Promise<void>;
}

/** @param origins the only ones that pages may ask */
export async function startBrowser(origins: readonly string[]): Promise<DashboardBrowser> {
  const browser: Browser = await chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox'] });
  return {
    async open(options = {}) {
      const context = await browser.newContext({
        viewport: { width: 1280, height: 860 },
        ignoreHTTPSErrors: true,
        ...options,
      });
      const offences: string[] = [];
      const page = await context.newPage();
      page.on('pageerror', (err) => offences.push(`script: ${err.message}`));
      // A violation of the content security policy is an error of the console.
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') offences.push(message.text());
      });
      page.on('request', (request) => {
        if (!origins.includes(new URL(request.url()).origin)) offences.push(`request to ${request.url()}`);
      });
      return { page, context, offences, close: () => context.close() };
    },
    close: () => browser.close(),
  };
}
