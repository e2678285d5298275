import { layout, type RouteConfig, route } from '@react-router/dev/routes';

export default [layout('routes/api.ts', [route('api/me', 'routes/me.ts')])] satisfies RouteConfig;
