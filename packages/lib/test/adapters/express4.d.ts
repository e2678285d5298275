/** Express 4, under another name. The tests only use what it has in common with Express 5. */
declare module 'express4' {
  export { default } from 'express';
}
