import { createHash } from 'node:crypto'

/** As a process record keeps the secret of its process. */
export const secretHashOf = (secret: string): string => createHash('sha256').update(secret).digest('base64url')
