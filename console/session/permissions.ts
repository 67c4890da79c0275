/** What a person may do, as the server names it in GET /api/me. */
export type Permission = string;
