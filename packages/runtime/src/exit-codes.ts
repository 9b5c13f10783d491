/** A failure that a restart may mend. */
export const EXIT_FAILURE = 1;

/** The configuration is wrong: restarting changes nothing until someone edits it. @see sysexits.h, EX_CONFIG */
export const EXIT_CONFIG = 78;
