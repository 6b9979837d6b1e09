/** The two ways in which a verification ends without success. */

/** The material is not what Daybook recorded, or it is not complete. */
export class NotGenuine extends Error {}

/** The material can't be judged: it can't be read here, or it needs a newer version of this page. */
export class CannotTell extends Error {}
